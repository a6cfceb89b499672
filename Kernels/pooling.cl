// pooling — tokens first … last − 1 become one row: mean, largest value, or half the sum of both.
//
//   y[b, d] = mean_t x[b, t, d]   or   max_t x[b, t, d]   or   (mean + max) / 2        first ≤ t < last
//
//   x  [B, T, WIDTH]  float  in
//   y  [B, WIDTH]     float  out  every element written; must not alias x
//   tokens  T         int    in
//   first, last       int    in   0 ≤ first < last ≤ T
//
//   Launch    ⌈WIDTH/VECTOR⌉ × B items, any group; an item owns VECTOR columns of one picture
//   Local     none
//   Numerics  float32; tokens in order. NaN or infinity in a token gives NaN or infinity
//   Work      B·(last − first)·WIDTH flop, 4·B·(last − first)·WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Pooling+OpenCL.swift
//   Definition  Sources/Operations/Reference/Pooling.swift

// Problem
#ifndef WIDTH
  #define WIDTH 768   // D
#endif
#ifndef POOLING
  #define POOLING 0   // 0 average, 1 maximum, 2 average and maximum
#endif
#define ROW_WIDTH WIDTH
#include "common.cl"

__kernel void pooling(__global const float *restrict x, __global float *restrict y, const int tokens, const int first,
                      const int last) {
  const int column = get_global_id(0) * VECTOR, image = get_global_id(1);
  const int count = WIDTH - column;
  __global const float *source = x + (size_t)image * tokens * WIDTH + column;
  vfloat sum = (vfloat)(0.0f), largest = (vfloat)(-INFINITY);
  for (int t = first; t < last; ++t) {
    const vfloat value = load_first(source + (size_t)t * WIDTH, count);
    sum += value;
    largest = fmax(largest, value);
  }
#if POOLING == 0
  const vfloat result = sum / (float)(last - first);
#elif POOLING == 1
  const vfloat result = largest + (sum - sum);  // 0, or NaN where a token is no number: fmax drops it
#else
  const vfloat result = 0.5f * (sum / (float)(last - first) + largest);
#endif
  store_first(result, y + (size_t)image * WIDTH + column, count);
}
