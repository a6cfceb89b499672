// linear_int8 — y = r + activation(x · Wᵀ + b) with bytes multiplied and summed as integers, exactly.
//
//   y[m, o] = r[m, o] + act( t[o] · (s[m] · Σ_k q[m, k] · w[o, k] + l[m] · Σ_k w[o, k]) + b[o] )
//   q, l, s: a row's bytes, least value and scale, of quantization.cl; w, t: a column's weights, −127…127, and scale.
//
//   x         [rows, …]  words  in   rows of quantization.cl: STORAGE 1 for FORM 1, else 0
//   weight    [panels][WORDS][PANEL]  words  in   four w of a column a word, zero-padded
//   scales    [panels · PANEL]  float  in   t
//   sums      [panels · PANEL]  int    in   Σ_k w[o, k]
//   bias      [panels · PANEL]  float  in   zero-padded
//   residual  [rows, OUTPUTS]   float  in   read only with RESIDUAL; may alias y
//   y         [rows, OUTPUTS]   float  out  every element written
//   rows      int  in
//
//   Launch    groups of one item: ⌈rows / ROWS⌉ in blocks: groups of a block × panels × blocks
//   Local     none
//   Numerics  the sum is exact below 66 000 inputs, and so the same bits in every FORM; then four roundings
//             FORM 1: vpmaddubsw adds pairs of products in 16 bits, where 2·255·127 does not fit. With a = q − 128,
//             |a| · (w ^ m), m = −1 where a < 0, is a·w − |a|·[a < 0] and a pair of these fits, −32768 at the least;
//             the row's Σ |a|·[a < 0] and the column's 128·Σ w are added last
//   Work      2·rows·INPUTS·OUTPUTS operations, rows·(INPUTS + 4·OUTPUTS) + INPUTS·OUTPUTS bytes
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
#ifndef FORM
  #define FORM 0           // 0: portable; inline assembly: 1 AVX2, 2 AVX512-VNNI, 3 AVX-VNNI
#endif
// Tuning — set by NarrowTile; any legal value gives the same bits.
#ifndef ROWS
  #define ROWS 4           // rows of y per item
#endif
#ifndef VECTORS
  #define VECTORS 2        // vectors of y per row and item
#endif
#define PANEL (VECTORS * VECTOR)
#define WORDS ((INPUTS + 3) / 4)
#define CENTRE (FORM == 1 ? 128 : 0)  // what a row's bytes were lowered by
#if VECTOR < 4 || (FORM == 1 && VECTOR != 8) || (FORM == 2 && VECTOR != 16) || (FORM == 3 && VECTOR != 8)
  #error "linear_int8: VECTOR does not fit FORM"
#endif
typedef PASTE(int, VECTOR) vint;
#define i_load(p) PASTE(vload, VECTOR)(0, p)
#define i_to_float(v) PASTE(convert_float, VECTOR)(v)

#if FORM == 0
static inline vint add_products(vint sum, int values, vint columns) {
  #pragma unroll
  for (int byte = 0; byte < 4; ++byte) {
    sum += ((values >> (8 * byte)) & 0xff) * ((columns << (24 - 8 * byte)) >> 24);
  }
  return sum;
}
#elif FORM == 1
  #define ADD_PRODUCTS(sum, magnitudes, masks, columns, ones)                                                 \
    {                                                                                                          \
      vint products = (columns) ^ (masks);                                                                     \
      __asm__("vpmaddubsw %0, %1, %0\n\tvpmaddwd %2, %0, %0" : "+x"(products) : "x"(magnitudes), "x"(ones)); \
      sum += products;                                                                                         \
    }
#elif FORM == 2
static inline vint add_products(vint sum, int values, vint columns) {
  const vint broadcast = (vint)(values);
  __asm__("vpdpbusd %1, %2, %0" : "+v"(sum) : "v"(columns), "v"(broadcast));
  return sum;
}
#elif FORM == 3
static inline vint add_products(vint sum, int values, vint columns) {
  const vint broadcast = (vint)(values);
  __asm__("%{vex%} vpdpbusd %1, %2, %0" : "+x"(sum) : "x"(columns), "x"(broadcast));
  return sum;
}
#else
  #error "linear_int8: FORM must be 0 to 3"
#endif

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void linear_int8(__global const int *restrict x, __global const int *restrict weight,
                 __global const float *restrict scales, __global const int *restrict sums,
                 __global const float *restrict bias, __global const float *residual, __global float *y,
                 const int rows) {
  const int panel = get_group_id(1);
  const int first_row = row_group() * ROWS;

  // 1. Rows past the end read the last row again, so that the inner loop has no branch.
  __global const int *source[ROWS];
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) {
    source[i] = x + (size_t)min(first_row + i, rows - 1) * (4 + (FORM == 1 ? 2 : 1) * WORDS);
  }

  // 2. The sums.
  vint sum[ROWS][VECTORS];
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) {
    #pragma unroll
    for (int j = 0; j < VECTORS; ++j) sum[i][j] = (vint)(0);
  }
  __global const int *w = weight + (size_t)panel * (WORDS * PANEL);
#if FORM == 1
  const vint ones = (vint)(0x00010001);
#endif
  for (int k = 4; k < 4 + WORDS; ++k) {
    vint columns[VECTORS];
    #pragma unroll
    for (int j = 0; j < VECTORS; ++j) columns[j] = i_load(w + j * VECTOR);
    w += PANEL;
    #pragma unroll
    for (int i = 0; i < ROWS; ++i) {
#if FORM == 1
      const vint magnitudes = (vint)(source[i][k]), masks = (vint)(source[i][k + WORDS]);
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) ADD_PRODUCTS(sum[i][j], magnitudes, masks, columns[j], ones)
#else
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) sum[i][j] = add_products(sum[i][j], source[i][k], columns[j]);
#endif
    }
  }

  // 3. Epilogue.
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) {
    if (first_row + i < rows) {
      const float scale = as_float(source[i][0]), least = as_float(source[i][1]);
      const int offset = source[i][2];
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) {
        const int column = panel * PANEL + j * VECTOR;
        const size_t at = (size_t)(first_row + i) * OUTPUTS + column;
        const vint weights = i_load(sums + column), total = sum[i][j] + offset + CENTRE * weights;
        const vfloat product = fma(i_to_float(total), (vfloat)(scale), least * i_to_float(weights));
        vfloat value = ACTIVATE(fma(product, v_load(scales + column), v_load(bias + column)));
#if RESIDUAL
        value += load_first(residual + at, OUTPUTS - column);
#endif
        store_first(value, y + at, OUTPUTS - column);
      }
    }
  }
}
