// narrowing — rows of float as the operands of 16 bits that matrix instructions multiply, padded to multiples of 32.
//
//   y[m, d] = x[m, d] to nearest, ties to even; 0 for d from WIDTH on
//
//   x      [rows, WIDTH]         float     in
//   y      [rows, ⌈WIDTH/32⌉·32]  operands  out  every element written; with SWIZZLED as swizzle.cl has them
//
//   Launch    rows · STRIDE/2 items, a pair each: in one dimension, for another may end at 65,535 groups
//   Local     none
//   Numerics  a float too large for float16 becomes NaN
//   Work      6·rows·WIDTH bytes: memory bound
//   Host      Sources/OpenCLOperations/OpenCLBackend+Operands.swift
//   Definition  Sources/Operations/Reference/Linear.swift
#include "operand.cl"
#include "swizzle.cl"

// Problem
#ifndef WIDTH
  #define WIDTH 768      // elements per row of x
#endif
#ifndef SWIZZLED
  #define SWIZZLED 0     // 1: y lies as swizzle.cl says
#endif
#define STEP (SWIZZLED ? 64 : 32)
#define STRIDE ((WIDTH + STEP - 1) / STEP * STEP)

__kernel void narrowing(__global const float *restrict x, __global uint *restrict y) {
  const size_t item = get_global_id(0), row = item / (STRIDE / 2);
  const int d = item % (STRIDE / 2) * 2;
  __global const float *source = x + row * WIDTH;
  const float low = d < WIDTH ? source[d] : 0.0f, high = d + 1 < WIDTH ? source[d + 1] : 0.0f;
#if SWIZZLED
  const size_t place = swizzled(row, d, get_global_size(0) / (STRIDE / 2));
#else
  const size_t place = row * STRIDE + d;
#endif
  y[place / 2] = operand_pair(storable(low), storable(high));
}
