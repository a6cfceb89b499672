// linear_plain — y = r + activation(n(x) · Wᵀ + b), one item an output: the plain twin of linear.cl.
//
//   x         [rows, INPUTS]     float  in
//   weight    [OUTPUTS, INPUTS]  float  in
//   bias      [OUTPUTS]          float  in
//   residual  [rows, OUTPUTS]    float  in   read only with RESIDUAL
//   gamma, beta  [INPUTS]        float  in   read only with NORM
//   y         [rows, OUTPUTS]    float  out  every element written; must not alias x
//   epsilon   ε                  float  in   read only with NORM
//   rows                         int    in
//
//   Launch    OUTPUTS × rows items, any group
//   Local     none
//   Numerics  float32, one chain of fma over k, bias first; two-pass statistics
//   Work      2·rows·INPUTS·OUTPUTS flop; statistics anew for every output with NORM
//   Host      Sources/OpenCLOperations/Operations/Linear+OpenCL.swift
//   Definition  Sources/Operations/Reference/Linear.swift
#undef VECTOR
#define VECTOR 1
#include "activation.cl"

// Problem
#ifndef INPUTS
  #define INPUTS 768
#endif
#ifndef OUTPUTS
  #define OUTPUTS 768
#endif
#ifndef NORM
  #define NORM 0
#endif
#ifndef RESIDUAL
  #define RESIDUAL 0
#endif

__kernel void linear_plain(__global const float *restrict x, __global const float *restrict weight,
                           __global const float *restrict bias, __global const float *residual,
                           __global const float *restrict gamma, __global const float *restrict beta,
                           const float epsilon, __global float *y, const int rows) {
  const int column = get_global_id(0), row = get_global_id(1);
  __global const float *source = x + (size_t)row * INPUTS;
  __global const float *w = weight + (size_t)column * INPUTS;
#if NORM
  const normalizer n = row_normalizer(source, INPUTS, epsilon);
#endif
  float sum = bias[column];
  for (int k = 0; k < INPUTS; ++k) {
#if NORM
    sum = fma(fma(fma(source[k] - n.mean, n.factor, n.offset), gamma[k], beta[k]), w[k], sum);
#else
    sum = fma(source[k], w[k], sum);
#endif
  }
  float value = ACTIVATE(sum);
#if RESIDUAL
  value += residual[(size_t)row * OUTPUTS + column];
#endif
  y[(size_t)row * OUTPUTS + column] = value;
}
