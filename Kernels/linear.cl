// linear — y = r + activation(n(x) · Wᵀ + b): one launch, epilogue and optional layer norm included.
//
//   y[m, o] = r[m, o] + act( Σ_k n(x)[m, k] · W[o, k] + b[o] )        n(x) = (x − mean)/√(var + ε) ⊙ γ + β, or x
//   A register tile: each item keeps ROWS × COLUMNS sums and walks k once (Volkov, GTC 2010, "Better performance at
//   lower occupancy"); layer scale is folded into W and b at load.
//
//   x         [rows, INPUTS]    float  in
//   weight    [panels][INPUTS][PANEL]  float  in   Wᵀ in panels of PANEL columns, zero-padded at the end
//   bias      [panels · PANEL]  float  in   zero-padded
//   residual  [rows, OUTPUTS]   float  in   read only with RESIDUAL; may alias y
//   gamma, beta  [INPUTS]       float  in   read only with NORM
//   y         [rows, OUTPUTS]   float  out  every element written; must not alias x
//   epsilon   ε                 float  in   read only with NORM
//   rows                        int    in
//
//   Launch    groups: ⌈rows / (GROUP_ROWS·ROWS)⌉ in blocks: groups of a block × panels × blocks; items: GROUP_COLUMNS ×
//             GROUP_ROWS
//   Local     3 · GROUP_ROWS · ROWS floats with NORM, none without
//   Numerics  float32, one chain of fma over k per element, bias first; two-pass statistics. A row does not depend on
//             the rows around it
//   Work      2·rows·INPUTS·OUTPUTS flop, 4·(rows·(INPUTS + OUTPUTS) + INPUTS·OUTPUTS) bytes
//   Host      Sources/OpenCLOperations/Operations/Linear+OpenCL.swift
//   Definition  Sources/Operations/Reference/Linear.swift

// Problem
#ifndef INPUTS
  #define INPUTS 768       // D, elements per row of x
#endif
#ifndef OUTPUTS
  #define OUTPUTS 768      // elements per row of y
#endif
#ifndef NORM
  #define NORM 0           // 1: layer norm first
#endif
#ifndef RESIDUAL
  #define RESIDUAL 0       // 1: add residual last
#endif
#define ROW_WIDTH OUTPUTS
#include "activation.cl"
// Tuning — set by LinearTuning; any legal value gives the same bits.
#ifndef ROWS
  #define ROWS 4           // rows of y per item
#endif
#ifndef VECTORS
  #define VECTORS 1        // vectors of y per row and item
#endif
#ifndef GROUP_COLUMNS
  #define GROUP_COLUMNS 16 // items side by side
#endif
#ifndef GROUP_ROWS
  #define GROUP_ROWS 4     // items below each other
#endif
#define COLUMNS (VECTORS * VECTOR)
#define PANEL (GROUP_COLUMNS * COLUMNS)

// A panel's first group of rows would wait for memory at every line of it. Where an item is a group, the groups of a panel
// each ask for a part of the next one instead, a row of it every PREFETCH_INTERVAL inputs; there are as many parts as that,
// and groups beyond them ask for the last one again. Loops are unrolled there, because loop overhead counts where an SMT
// sibling takes half of the issue slots.
#if GROUP_COLUMNS * GROUP_ROWS == 1
  #define UNROLL_INPUTS _Pragma("unroll 2")
#else
  #define UNROLL_INPUTS
#endif
#if GROUP_COLUMNS * GROUP_ROWS == 1 && INPUTS % 32 == 0
  #define PREFETCH_INTERVAL 32
#else
  #define PREFETCH_INTERVAL INPUTS
#endif

__kernel __attribute__((reqd_work_group_size(GROUP_COLUMNS, GROUP_ROWS, 1)))
void linear(__global const float *restrict x, __global const float *restrict weight,
            __global const float *restrict bias, __global const float *residual,
            __global const float *restrict gamma, __global const float *restrict beta, const float epsilon,
            __global float *y, const int rows) {
  const int panel = get_group_id(1);
  const int row_in_group = get_local_id(1) * ROWS;
  const int first_row = row_group() * (GROUP_ROWS * ROWS) + row_in_group;
  const int column_in_panel = get_local_id(0) * COLUMNS;

  // 1. Rows past the end read the last row again, so that the inner loop has no branch.
  __global const float *source[ROWS];
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) source[i] = x + (size_t)min(first_row + i, rows - 1) * INPUTS;

#if NORM
  // 2. Statistics of the group's rows, each by one item.
  __local normalizer normalizers[GROUP_ROWS * ROWS];
  for (int i = get_local_id(1) * GROUP_COLUMNS + get_local_id(0); i < GROUP_ROWS * ROWS; i += GROUP_COLUMNS * GROUP_ROWS) {
    const int row = min(row_group() * (GROUP_ROWS * ROWS) + i, rows - 1);
    normalizers[i] = row_normalizer(x + (size_t)row * INPUTS, INPUTS, epsilon);
  }
  barrier(CLK_LOCAL_MEM_FENCE);  // statistics written before any item reads them
  normalizer n[ROWS];
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) n[i] = normalizers[row_in_group + i];
#endif

  // 3. The product.
  vfloat sum[ROWS][VECTORS];
  #pragma unroll
  for (int j = 0; j < VECTORS; ++j) {
    const vfloat b = v_load(bias + panel * PANEL + column_in_panel + j * VECTOR);
    #pragma unroll
    for (int i = 0; i < ROWS; ++i) sum[i][j] = b;
  }
  __global const float *w = weight + (size_t)panel * (INPUTS * PANEL) + column_in_panel;
#if PREFETCH_INTERVAL < INPUTS
  const int next_panel = panel + 1 < (int)get_num_groups(1) ? panel + 1 : 0;
  const int part = min((int)get_group_id(0), PREFETCH_INTERVAL - 1);
  __global const float *next = weight + ((size_t)next_panel * INPUTS + part * (INPUTS / PREFETCH_INTERVAL)) * PANEL;
#endif
  for (int first = 0; first < INPUTS; first += PREFETCH_INTERVAL) {
#if PREFETCH_INTERVAL < INPUTS
    for (int j = 0; j < PANEL; j += 16) prefetch_line(next + j);
    next += PANEL;
#endif
    UNROLL_INPUTS
    for (int k = first; k < first + PREFETCH_INTERVAL; ++k) {
      vfloat columns[VECTORS];
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) columns[j] = v_load(w + j * VECTOR);
      w += PANEL;
      #pragma unroll
      for (int i = 0; i < ROWS; ++i) {
#if NORM
        const float value = fma(fma(source[i][k] - n[i].mean, n[i].factor, n[i].offset), gamma[k], beta[k]);
#else
        const float value = source[i][k];
#endif
        #pragma unroll
        for (int j = 0; j < VECTORS; ++j) sum[i][j] = fma((vfloat)(value), columns[j], sum[i][j]);
      }
    }
  }

  // 4. Epilogue.
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) {
    if (first_row + i < rows) {
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) {
        const int column = panel * PANEL + column_in_panel + j * VECTOR;
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
