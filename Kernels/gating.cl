// gating — y = act(x₀) ⊙ x₁, the halves of each row of x: the gate of a SwiGLU.          Shazeer, arXiv:2002.05202
//
//   x  [rows, 2, WIDTH]  float  in   gate first, then value
//   y  [rows, WIDTH]     float  out  every element written; must not alias x
//
//   Launch    rows · ⌈WIDTH/VECTOR⌉ items in one dimension, any group: another may end at 65,535 groups
//   Local     none
//   Numerics  float32, element by element
//   Work      2·rows·WIDTH flop, the activation aside, 12·rows·WIDTH bytes: memory bound
//   Host      Sources/OpenCLOperations/Operations/Gating+OpenCL.swift
//   Definition  Sources/Operations/Reference/Gating.swift

// Problem
#ifndef WIDTH
  #define WIDTH 2048     // M
#endif
#define ROW_WIDTH WIDTH
#include "activation.cl"
#define COLUMNS ((WIDTH + VECTOR - 1) / VECTOR)

__kernel void gating(__global const float *restrict x, __global float *restrict y) {
  const size_t item = get_global_id(0), row = item / COLUMNS;
  const int column = item % COLUMNS * VECTOR;
  __global const float *gate = x + row * (2 * WIDTH) + column;
  const vfloat opening = load_first(gate, WIDTH - column);
  store_first(ACTIVATE(opening) * load_first(gate + WIDTH, WIDTH - column), y + row * WIDTH + column,
              WIDTH - column);
}
