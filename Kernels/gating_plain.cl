// gating_plain — y = act(x₀) ⊙ x₁, one item an element: the plain twin of gating.cl.
//
//   x  [rows, 2, WIDTH]  float  in   gate first, then value
//   y  [rows, WIDTH]     float  out  every element written; must not alias x
//
//   Launch    WIDTH × rows items, any group
//   Local     none
//   Numerics  float32, element by element
//   Work      2·rows·WIDTH flop, the activation aside, 12·rows·WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Gating+OpenCL.swift
//   Definition  Sources/Operations/Reference/Gating.swift
#undef VECTOR
#define VECTOR 1

// Problem
#ifndef WIDTH
  #define WIDTH 2048
#endif
#include "activation.cl"

__kernel void gating_plain(__global const float *restrict x, __global float *restrict y) {
  const int column = get_global_id(0), row = get_global_id(1);
  __global const float *gate = x + (size_t)row * (2 * WIDTH) + column;
  const float opening = gate[0];
  y[(size_t)row * WIDTH + column] = ACTIVATE(opening) * gate[WIDTH];
}
