// softmax — exp(x − max) / Σ exp(x − max) over rows of WIDTH.
//
//   x  [rows, WIDTH]  float  in
//   y  [rows, WIDTH]  float  out  every element written; must not alias x
//
//   Launch    rows groups of GROUP items; group r owns row r
//   Local     GROUP floats
//   Numerics  float32; the largest value is subtracted first. Partial sums by lane, compensated, then halving
//   Work      4·rows·WIDTH flop, 8·rows·WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Softmax+OpenCL.swift
//   Definition  Sources/Operations/Reference/Softmax.swift
#include "common.cl"

// Problem
#ifndef WIDTH
  #define WIDTH 1000
#endif
// Tuning — set by RowTuning; any legal value gives the same answer up to rounding.
#ifndef GROUP
  #define GROUP 64     // items per row; a power of two
#endif
#include "reduction.cl"
#define WHOLE (WIDTH / VECTOR * VECTOR)  // elements in whole vectors

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void softmax(__global const float *restrict x, __global float *restrict y) {
#if GROUP > 1
  __local float parts[GROUP];
#endif
  const int item = get_local_id(0);
  __global const float *source = x + (size_t)get_group_id(0) * WIDTH;
  __global float *target = y + (size_t)get_group_id(0) * WIDTH;

  // 1. Largest value.
  vfloat largest_parts = (vfloat)(-INFINITY);
  for (int i = item * VECTOR; i < WHOLE; i += GROUP * VECTOR) largest_parts = fmax(largest_parts, v_load(source + i));
  float largest = v_max(largest_parts);
  for (int i = WHOLE + item; i < WIDTH; i += GROUP) largest = fmax(largest, source[i]);
  largest = group_max(largest, parts, item);

  // 2. Sum of exponentials.
  // Kahan's sum (Comm. ACM 8, 1965): with 21,843 classes on one item of few lanes a plain one loses four digits.
  vfloat sums = (vfloat)(0.0f), lost = (vfloat)(0.0f);
  for (int i = item * VECTOR; i < WHOLE; i += GROUP * VECTOR) {
    const vfloat value = exp(v_load(source + i) - largest);
    v_store(value, target + i);
    const vfloat corrected = value - lost, next = sums + corrected;
    lost = (next - sums) - corrected;
    sums = next;
  }
  float sum = v_sum(sums);
  for (int i = WHOLE + item; i < WIDTH; i += GROUP) {
    const float value = exp(source[i] - largest);
    target[i] = value;
    sum += value;
  }
  sum = group_sum(sum, parts, item);

  // 3. Quotients, of the values this item wrote.
  for (int i = item * VECTOR; i < WHOLE; i += GROUP * VECTOR) v_store(v_load(target + i) / sum, target + i);
  for (int i = WHOLE + item; i < WIDTH; i += GROUP) target[i] /= sum;
}
