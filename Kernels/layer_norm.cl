// layer_norm — y = r + (x − mean) / √(var + ε) ⊙ γ + β over rows of WIDTH.            Ba et al., arXiv:1607.06450
//
//   x            [rows, WIDTH]  float  in
//   gamma, beta  [WIDTH]        float  in
//   y            [rows, WIDTH]  float  out  every element written; must not alias x; with NARROW_OUTPUT
//                               [rows, ⌈WIDTH/32⌉·32] operands (operand.cl), zero past WIDTH
//   epsilon      ε              float  in
//   residual  [period, WIDTH]   float  in   read only with RESIDUAL: row m of y gets row m mod period; may alias y
//   period                      int    in   read only with RESIDUAL
//
//   With ROOT_MEAN_SQUARE the mean counts as 0: RMS norm (Zhang and Sennrich, arXiv:1910.07467).
//
//   Launch    rows groups of GROUP items; group r owns row r
//   Local     GROUP floats
//   Numerics  two passes (mean, then centred squares) in float32; partial sums by item, then halving: the order is
//             fixed by WIDTH, VECTOR and GROUP alone
//   Work      10·rows·WIDTH flop, 8·rows·WIDTH bytes: memory bound
//   Host      Sources/OpenCLOperations/Operations/LayerNorm+OpenCL.swift
//   Definition  Sources/Operations/Reference/LayerNorm.swift
#include "common.cl"
#include "operand.cl"

// Problem
#ifndef WIDTH
  #define WIDTH 768      // D, elements per row
#endif
#ifndef RESIDUAL
  #define RESIDUAL 0     // 1: add residual last
#endif
#ifndef NARROW_OUTPUT
  #define NARROW_OUTPUT 0  // 1: y is operands, for a product by matrix instructions
#endif
// Tuning — set by RowTuning; any legal value gives the same answer up to rounding.
#ifndef GROUP
  #define GROUP 64       // items per row; a power of two
#endif
#include "reduction.cl"
#define WHOLE (WIDTH / VECTOR * VECTOR)  // elements in whole vectors

#if NARROW_OUTPUT
  #define OUTPUT_STRIDE ((WIDTH + 31) / 32 * 32)
typedef ushort output;

static inline void store_vector(vfloat v, __global ushort *p) {
  #if VECTOR == 1
  *p = (ushort)operand_pair(storable(v), 0.0f);
  #else
  float parts[VECTOR];
  v_store(v, parts);
  #pragma unroll
  for (int i = 0; i < VECTOR; i += 2) ((__global uint *)p)[i / 2] = operand_pair(storable(parts[i]), storable(parts[i + 1]));
  #endif
}
#else
  #define OUTPUT_STRIDE WIDTH
typedef float output;
  #define store_vector(v, p) v_store(v, p)
#endif

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void layer_norm(__global const float *restrict x, __global const float *restrict gamma,
                __global const float *restrict beta, const float epsilon, __global const float *residual,
                const int period, __global output *y) {
#if GROUP > 1
  __local float parts[GROUP];
#endif
  const int item = get_local_id(0);
  __global const float *source = x + (size_t)get_group_id(0) * WIDTH;
  __global output *target = y + (size_t)get_group_id(0) * OUTPUT_STRIDE;
#if RESIDUAL
  __global const float *added = residual + (size_t)((int)get_group_id(0) % period) * WIDTH;
#endif

  // 1. Mean.
#if ROOT_MEAN_SQUARE
  const float mean = 0.0f;
#else
  vfloat sums = (vfloat)(0.0f);
  for (int d = item * VECTOR; d < WHOLE; d += GROUP * VECTOR) sums += v_load(source + d);
  float sum = v_sum(sums);
  for (int d = WHOLE + item; d < WIDTH; d += GROUP) sum += source[d];
  const float mean = group_sum(sum, parts, item) / WIDTH;
#endif

  // 2. Variance, and what the mean left out.
  vfloat centred_sums = (vfloat)(0.0f), squares = (vfloat)(0.0f);
  for (int d = item * VECTOR; d < WHOLE; d += GROUP * VECTOR) {
    const vfloat centred = v_load(source + d) - mean;
    centred_sums += centred;
    squares = fma(centred, centred, squares);
  }
  float centred_sum = v_sum(centred_sums), square = v_sum(squares);
  for (int d = WHOLE + item; d < WIDTH; d += GROUP) {
    const float centred = source[d] - mean;
    centred_sum += centred;
    square = fma(centred, centred, square);
  }
  centred_sum = group_sum(centred_sum, parts, item);
  square = group_sum(square, parts, item);
  const normalizer n = make_normalizer(mean, centred_sum, square, WIDTH, epsilon);

  // 3. Scale and shift.
  for (int d = item * VECTOR; d < WHOLE; d += GROUP * VECTOR) {
    const vfloat normalized = fma(v_load(source + d) - n.mean, (vfloat)(n.factor), (vfloat)(n.offset));
    vfloat value = fma(normalized, v_load(gamma + d), v_load(beta + d));
#if RESIDUAL
    value += v_load(added + d);
#endif
    store_vector(value, target + d);
  }
  for (int d = WHOLE + item; d < WIDTH; d += GROUP) {
    float value = fma(fma(source[d] - n.mean, n.factor, n.offset), gamma[d], beta[d]);
#if RESIDUAL
    value += added[d];
#endif
#if NARROW_OUTPUT
    target[d] = (ushort)operand_pair(storable(value), 0.0f);
#else
    target[d] = value;
#endif
  }
#if NARROW_OUTPUT
  for (int d = WIDTH + item; d < OUTPUT_STRIDE; d += GROUP) target[d] = 0;
#endif
}
