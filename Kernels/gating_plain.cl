// gating_plain — y = act(x₀) ⊙ x₁, one item an element: the plain twin of gating.cl.
//
//   x  [rows, 2, WIDTH]  float  in   gate first, then value
//   y  [rows, WIDTH]     float  out  every element written; must not alias x
//
//   Launch    rows · WIDTH items in one dimension, any group
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
  const size_t item = get_global_id(0), row = item / WIDTH;
  __global const float *gate = x + row * (2 * WIDTH) + item % WIDTH;
  const float opening = gate[0];
  y[item] = ACTIVATE(opening) * gate[WIDTH];
}
