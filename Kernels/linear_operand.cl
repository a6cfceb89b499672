// linear_operand — y = r + activation(x · Wᵀ + b) with factors of 16 bits, float16 or bfloat16, and float32 sums.
//
//   y[m, o] = r[m, o] + act( Σ_k x[m, k] · w[o, k] + b[o] )
//
//   x         [rows, …]  words  in   rows of quantization.cl: STORAGE 2 for FORM 1, else 3 or 4
//   weight    [panels][PAIRS][PANEL]  words  in   bfloat16: two w of a column a word; float16: a row of w, then the next;
//                                                 zero-padded
//   bias      [panels · PANEL]  float  in   zero-padded
//   residual  [rows, OUTPUTS]   float  in   read only with RESIDUAL; may alias y
//   y         [rows, OUTPUTS]   float  out  every element written
//   rows      int  in
//
//   Launch    groups of one item: ⌈rows / ROWS⌉ in blocks: groups of a block × panels × blocks
//   Local     none
//   Numerics  products are exact in float32; FORM 0 sums them in one chain of fma, bias first; FORM 1 as vdpbf16ps does,
//             two a step, denormals as 0. A row does not depend on the rows around it
//   Work      2·rows·INPUTS·OUTPUTS flop, 4·rows·(INPUTS + OUTPUTS) + 2·INPUTS·OUTPUTS bytes
//   Host      Sources/OpenCLOperations/Operations/Linear+Narrow.swift
//   Definition  Sources/Operations/Reference/Linear.swift

// Problem
#ifndef INPUTS
  #define INPUTS 768       // elements per row before they were quantized
#endif
#ifndef OUTPUTS
  #define OUTPUTS 768      // elements per row of y
#endif
#ifndef RESIDUAL
  #define RESIDUAL 0       // 1: add residual last
#endif
#define ROW_WIDTH OUTPUTS
#include "activation.cl"
#ifndef OPERAND
  #define OPERAND 1        // 0: float16, 1: bfloat16
#endif
#ifndef FORM
  #define FORM 0           // 0: portable; 1: inline assembly, AVX512-BF16
#endif
// Tuning — set by NarrowTile; any legal value gives the same bits.
#ifndef ROWS
  #define ROWS 4           // rows of y per item
#endif
#ifndef VECTORS
  #define VECTORS 2        // vectors of y per row and item
#endif
#define PANEL (VECTORS * VECTOR)
#define PAIRS ((INPUTS + 1) / 2)
#if VECTOR < 4 || FORM < 0 || FORM > 1 || (FORM == 1 && (VECTOR != 16 || OPERAND != 1))
  #error "linear_operand: VECTOR must be at least 4; FORM must be 0, or 1 with bfloat16 and a VECTOR of 16"
#endif
typedef PASTE(uint, VECTOR) vuint;
#define u_load(p) PASTE(vload, VECTOR)(0, p)
#define as_vfloat(v) PASTE(as_float, VECTOR)(v)
// The j-th vector of weights of an input, the first or second of a pair.
#if OPERAND == 0
  #define COLUMNS_OF(w, part, j) PASTE(vload_half, VECTOR)(0, (__global const half *)(w) + (part) * PANEL + (j) * VECTOR)
#else
  #define COLUMNS_OF(w, part, j) \
    as_vfloat((part) == 0 ? u_load((w) + (j) * VECTOR) << 16 : u_load((w) + (j) * VECTOR) & 0xffff0000u)
#endif

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void linear_operand(__global const uint *restrict x, __global const uint *restrict weight,
                    __global const float *restrict bias, __global const float *residual, __global float *y,
                    const int rows) {
  const int panel = get_group_id(1);
  const int first_row = row_group() * ROWS;

  // 1. Rows past the end read the last row again, so that the inner loop has no branch.
  __global const uint *source[ROWS];
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) {
    source[i] = x + (size_t)min(first_row + i, rows - 1) * ((FORM == 1 ? 1 : 2) * PAIRS);
  }

  // 2. The product.
  vfloat sum[ROWS][VECTORS];
  #pragma unroll
  for (int j = 0; j < VECTORS; ++j) {
    const vfloat b = v_load(bias + panel * PANEL + j * VECTOR);
    #pragma unroll
    for (int i = 0; i < ROWS; ++i) sum[i][j] = b;
  }
  __global const uint *w = weight + (size_t)panel * (PAIRS * PANEL);
  #pragma unroll 2  // for the reason that linear.cl gives
  for (int k = 0; k < PAIRS; ++k) {
#if FORM == 1
    vuint columns[VECTORS];
    #pragma unroll
    for (int j = 0; j < VECTORS; ++j) columns[j] = u_load(w + j * VECTOR);
    #pragma unroll
    for (int i = 0; i < ROWS; ++i) {
      const vuint values = (vuint)(source[i][k]);
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) {
        __asm__("vdpbf16ps %1, %2, %0" : "+v"(sum[i][j]) : "v"(columns[j]), "v"(values));
      }
    }
#else
    #pragma unroll
    for (int part = 0; part < 2; ++part) {
      vfloat columns[VECTORS];
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) {
        columns[j] = COLUMNS_OF(w, part, j);
      }
      #pragma unroll
      for (int i = 0; i < ROWS; ++i) {
        const float value = as_float(source[i][2 * k + part]);
        #pragma unroll
        for (int j = 0; j < VECTORS; ++j) sum[i][j] = fma((vfloat)(value), columns[j], sum[i][j]);
      }
    }
#endif
    w += PANEL;
  }

  // 3. Epilogue.
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) {
    if (first_row + i < rows) {
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) {
        const int column = panel * PANEL + j * VECTOR;
        const size_t at = (size_t)(first_row + i) * OUTPUTS + column;
        vfloat value = ACTIVATE(sum[i][j]);
#if RESIDUAL
        value += load_first(residual + at, OUTPUTS - column);
#endif
        store_first(value, y + at, OUTPUTS - column);
      }
    }
  }
}
