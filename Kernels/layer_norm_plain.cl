// layer_norm_plain — y = r + (x − mean) / √(var + ε) ⊙ γ + β, one item a row: the plain twin of layer_norm.cl.
//
//   x            [rows, WIDTH]  float  in
//   gamma, beta  [WIDTH]        float  in
//   y            [rows, WIDTH]  float  out  every element written; must not alias x
//   epsilon      ε              float  in
//   residual  [period, WIDTH]   float  in   read only with RESIDUAL: row m of y gets row m mod period; may alias y
//   period                      int    in   read only with RESIDUAL
//
//   Launch    rows items, any group
//   Local     none
//   Numerics  two passes in float32, from the first element to the last
//   Work      10·rows·WIDTH flop, 8·rows·WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/LayerNorm+OpenCL.swift
//   Definition  Sources/Operations/Reference/LayerNorm.swift
#undef VECTOR
#define VECTOR 1
#include "common.cl"

// Problem
#ifndef WIDTH
  #define WIDTH 768
#endif
#ifndef RESIDUAL
  #define RESIDUAL 0
#endif

__kernel void layer_norm_plain(__global const float *restrict x, __global const float *restrict gamma,
                               __global const float *restrict beta, const float epsilon,
                               __global const float *residual, const int period, __global float *y) {
  __global const float *source = x + (size_t)get_global_id(0) * WIDTH;
  __global float *target = y + (size_t)get_global_id(0) * WIDTH;
  const normalizer n = row_normalizer(source, WIDTH, epsilon);
  for (int d = 0; d < WIDTH; ++d) {
    float value = fma(fma(source[d] - n.mean, n.factor, n.offset), gamma[d], beta[d]);
#if RESIDUAL
    value += residual[(size_t)((int)get_global_id(0) % period) * WIDTH + d];
#endif
    target[d] = value;
  }
}
