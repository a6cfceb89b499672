// softmax — exp(x − max) / Σ exp(x − max) over rows of WIDTH.
//
//   x  [rows, WIDTH]  float  in
//   y  [rows, WIDTH]  float  out  every element written; must not alias x
//
//   Launch    rows groups of GROUP items; group r owns row r
//   Local     GROUP floats
//   Numerics  float32; the largest value is subtracted first. Partial sums by item, then halving
//   Work      4·rows·WIDTH flop, 8·rows·WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Softmax+OpenCL.swift
//   Definition  Sources/Operations/Reference/Softmax.swift

// Problem
#ifndef WIDTH
  #define WIDTH 1000
#endif
// Tuning
#ifndef GROUP
  #define GROUP 64     // items per row; a power of two
#endif
#if (GROUP & (GROUP - 1)) != 0
  #error "softmax: GROUP must be a power of two"
#endif

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void softmax(__global const float *restrict x, __global float *restrict y) {
  __local float parts[GROUP];
  const int item = get_local_id(0);
  __global const float *source = x + (size_t)get_group_id(0) * WIDTH;
  __global float *target = y + (size_t)get_group_id(0) * WIDTH;

  // 1. Largest value.
  float largest = -INFINITY;
  for (int i = item; i < WIDTH; i += GROUP) largest = fmax(largest, source[i]);
  parts[item] = largest;
  barrier(CLK_LOCAL_MEM_FENCE);  // all parts written before any is compared
  for (int half_group = GROUP / 2; half_group > 0; half_group /= 2) {
    if (item < half_group) parts[item] = fmax(parts[item], parts[item + half_group]);
    barrier(CLK_LOCAL_MEM_FENCE);  // this round written before the next reads it
  }
  largest = parts[0];
  barrier(CLK_LOCAL_MEM_FENCE);  // read by all before the parts are used again

  // 2. Sum of exponentials.
  float sum = 0.0f;
  for (int i = item; i < WIDTH; i += GROUP) {
    const float value = exp(source[i] - largest);
    target[i] = value;
    sum += value;
  }
  parts[item] = sum;
  barrier(CLK_LOCAL_MEM_FENCE);  // all parts written before any is added
  for (int half_group = GROUP / 2; half_group > 0; half_group /= 2) {
    if (item < half_group) parts[item] += parts[item + half_group];
    barrier(CLK_LOCAL_MEM_FENCE);  // this round written before the next reads it
  }
  sum = parts[0];

  // 3. Quotients, of the values this item wrote.
  for (int i = item; i < WIDTH; i += GROUP) target[i] /= sum;
}
