// pooling_plain — tokens first … last − 1 become one row, one item a column: the plain twin of pooling.cl.
//
//   x  [B, T, WIDTH]  float  in
//   y  [B, WIDTH]     float  out  every element written; must not alias x
//   tokens  T         int    in
//   first, last       int    in   0 ≤ first < last ≤ T
//
//   Launch    WIDTH × B items, any group
//   Local     none
//   Numerics  float32; tokens in order. NaN or infinity in a token gives NaN or infinity
//   Work      B·(last − first)·WIDTH flop, 4·B·(last − first)·WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Pooling+OpenCL.swift
//   Definition  Sources/Operations/Reference/Pooling.swift

// Problem
#ifndef WIDTH
  #define WIDTH 768
#endif
#ifndef POOLING
  #define POOLING 0
#endif

__kernel void pooling_plain(__global const float *restrict x, __global float *restrict y, const int tokens,
                            const int first, const int last) {
  const int column = get_global_id(0), image = get_global_id(1);
  float sum = 0.0f, largest = -INFINITY;
  for (int t = first; t < last; ++t) {
    const float value = x[((size_t)image * tokens + t) * WIDTH + column];
    sum += value;
    largest = fmax(largest, value);
  }
  const float mean = sum / (float)(last - first);
#if POOLING == 0
  y[(size_t)image * WIDTH + column] = mean;
#elif POOLING == 1
  y[(size_t)image * WIDTH + column] = largest + (sum - sum);  // fmax drops NaN, the sum does not
#else
  y[(size_t)image * WIDTH + column] = 0.5f * (mean + largest);
#endif
}
