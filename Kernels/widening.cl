// widening — the floats of rows of operands: narrowing.cl's counterpart, exact.
//
//   y[m, d] = x[m, d]
//
//   x      [rows, ⌈WIDTH/32⌉·32]  operands  in   with SWIZZLED as swizzle.cl has them
//   y      [rows, WIDTH]         float     out  every element written
//
//   Launch    rows · WIDTH items in one dimension, for another may end at 65,535 groups
//   Local     none
//   Numerics  exact
//   Work      6·rows·WIDTH bytes: memory bound
//   Host      Sources/OpenCLOperations/OpenCLBackend+Operands.swift
//   Definition  Sources/Operations/Reference/Linear.swift
#include "operand.cl"
#include "swizzle.cl"

// Problem
#ifndef WIDTH
  #define WIDTH 768      // elements per row of y
#endif
#ifndef SWIZZLED
  #define SWIZZLED 0     // 1: x lies as swizzle.cl says
#endif
#define STRIDE ((WIDTH + 31) / 32 * 32)

__kernel void widening(__global const ushort *restrict x, __global float *restrict y) {
  const size_t item = get_global_id(0), row = item / WIDTH;
  const int d = item % WIDTH;
#if SWIZZLED
  const size_t place = swizzled(row, d, get_global_size(0) / WIDTH);
#else
  const size_t place = row * STRIDE + d;
#endif
  y[item] = operand_value(x[place]);
}
