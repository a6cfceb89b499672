// softmax_plain — exp(x − max) / Σ exp(x − max), one item a row: the plain twin of softmax.cl.
//
//   x  [rows, WIDTH]  float  in
//   y  [rows, WIDTH]  float  out  every element written; must not alias x
//
//   Launch    rows items, any group
//   Local     none
//   Numerics  float32, from the first element to the last, the sum compensated
//   Work      4·rows·WIDTH flop, 8·rows·WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Softmax+OpenCL.swift
//   Definition  Sources/Operations/Reference/Softmax.swift

// Problem
#ifndef WIDTH
  #define WIDTH 1000
#endif

__kernel void softmax_plain(__global const float *restrict x, __global float *restrict y) {
  __global const float *source = x + (size_t)get_global_id(0) * WIDTH;
  __global float *target = y + (size_t)get_global_id(0) * WIDTH;
  float largest = -INFINITY, sum = 0.0f, lost = 0.0f;
  for (int i = 0; i < WIDTH; ++i) largest = fmax(largest, source[i]);
  for (int i = 0; i < WIDTH; ++i) {
    const float value = exp(source[i] - largest);
    target[i] = value;
    // Kahan's sum (Comm. ACM 8, 1965): with 21,843 classes a plain one loses four digits.
    const float corrected = value - lost, next = sum + corrected;
    lost = (next - sum) - corrected;
    sum = next;
  }
  for (int i = 0; i < WIDTH; ++i) target[i] /= sum;
}
