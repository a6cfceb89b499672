// patch_embedding — pictures to tokens in one launch: gather, normalization, projection, bias, positions, prefix.
//
//   y[b, PREFIX + n, d] = Σ_k patch(b, n)[k] · W[d, k] + bias[d] + positions[n, d]
//   y[b, t, d]          = prefix[t, d]                                  t < PREFIX: class and register tokens
//   A strided convolution is this product (Dosovitskiy et al., arXiv:2010.11929); k runs over channel, row, column of
//   the patch. BYTES: the picture is [B, height, width, 3] bytes and each is normalized as it is gathered,
//   byte · scale[channel] + shift[channel].
//
//   pixels     [B, 3, rows·P, columns·P] float, or [B, rows·P, columns·P, 3] uchar with BYTES   in
//   weight     [panels][3·P·P][PANEL]  float  in   Wᵀ in panels of PANEL columns, zero-padded at the end
//   bias       [panels · PANEL]        float  in   zero-padded
//   positions  [N, WIDTH]              float  in   read only with POSITIONS
//   prefix     [PREFIX, WIDTH]         float  in   read only where PREFIX > 0
//   y          [B, PREFIX + N, WIDTH]  float  out  every element written
//   scale, shift                       float4 in   read only with BYTES; the fourth is unused
//   batch  B                           int    in
//   grid_rows, grid_columns            int    in   patches down and across: N = grid_rows · grid_columns
//
//   Launch    groups: ⌈B·(PREFIX + N) / (GROUP_ROWS·ROWS)⌉ in blocks: groups of a block × panels × blocks; items:
//             GROUP_COLUMNS × GROUP_ROWS
//   Local     none
//   Numerics  float32, one chain of fma over k per element, bias first
//   Work      6·B·N·P·P·WIDTH flop
//   Host      Sources/OpenCLOperations/Operations/PatchEmbedding+OpenCL.swift
//   Definition  Sources/Operations/Reference/PatchEmbedding.swift

// Problem
#ifndef SIDE
  #define SIDE 16          // P
#endif
#ifndef WIDTH
  #define WIDTH 768        // D
#endif
#ifndef PREFIX
  #define PREFIX 1         // tokens before the patches, K
#endif
#ifndef POSITIONS
  #define POSITIONS 1      // 1: positions are added
#endif
#ifndef BYTES
  #define BYTES 0          // 1: pixels are bytes, to be normalized
#endif
#define ROW_WIDTH WIDTH
#include "common.cl"
// Tuning — set by LinearTuning; any legal value gives the same bits.
#ifndef ROWS
  #define ROWS 4
#endif
#ifndef VECTORS
  #define VECTORS 1
#endif
#ifndef GROUP_COLUMNS
  #define GROUP_COLUMNS 16
#endif
#ifndef GROUP_ROWS
  #define GROUP_ROWS 4
#endif
#define COLUMNS (VECTORS * VECTOR)
#define PANEL (GROUP_COLUMNS * COLUMNS)

#if BYTES
typedef uchar pixel;
#else
typedef float pixel;
#endif

__kernel __attribute__((reqd_work_group_size(GROUP_COLUMNS, GROUP_ROWS, 1)))
void patch_embedding(__global const pixel *restrict pixels, __global const float *restrict weight,
                     __global const float *restrict bias, __global const float *restrict positions,
                     __global const float *restrict prefix, __global float *restrict y, const int batch,
                     const int grid_rows, const int grid_columns, const float4 scale, const float4 shift) {
  const int tokens = PREFIX + grid_rows * grid_columns;
  const int height = grid_rows * SIDE, width = grid_columns * SIDE;
  const int first_row = (row_group() * GROUP_ROWS + get_local_id(1)) * ROWS;
  const int first_column = get_group_id(1) * PANEL + get_local_id(0) * COLUMNS;

  // 1. The top left pixel of each row's patch. Prefix rows and rows past the end read a patch that exists.
  __global const pixel *source[ROWS];
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) {
    const int row = min(first_row + i, batch * tokens - 1);
    const int patch = max(row % tokens - PREFIX, 0);
    const int top = patch / grid_columns * SIDE, left = patch % grid_columns * SIDE;
    source[i] = pixels + (size_t)(row / tokens) * 3 * height * width
#if BYTES
                + ((size_t)top * width + left) * 3;
#else
                + (size_t)top * width + left;
#endif
  }

  // 2. The product, channel by channel and row by row of the patch.
  vfloat sum[ROWS][VECTORS];
  #pragma unroll
  for (int j = 0; j < VECTORS; ++j) {
    const vfloat b = v_load(bias + first_column + j * VECTOR);
    #pragma unroll
    for (int i = 0; i < ROWS; ++i) sum[i][j] = b;
  }
  __global const float *w =
      weight + (size_t)get_group_id(1) * (3 * SIDE * SIDE * PANEL) + get_local_id(0) * COLUMNS;
  for (int channel = 0; channel < 3; ++channel) {
#if BYTES
    const float channel_scale = channel == 0 ? scale.x : channel == 1 ? scale.y : scale.z;
    const float channel_shift = channel == 0 ? shift.x : channel == 1 ? shift.y : shift.z;
#endif
    for (int py = 0; py < SIDE; ++py) {
      for (int px = 0; px < SIDE; ++px) {
#if BYTES
        const int at = (py * width + px) * 3 + channel;
#else
        const int at = (channel * height + py) * width + px;
#endif
        vfloat columns[VECTORS];
        #pragma unroll
        for (int j = 0; j < VECTORS; ++j) columns[j] = v_load(w + j * VECTOR);
        w += PANEL;
        #pragma unroll
        for (int i = 0; i < ROWS; ++i) {
#if BYTES
          const float value = fma((float)source[i][at], channel_scale, channel_shift);
#else
          const float value = source[i][at];
#endif
          #pragma unroll
          for (int j = 0; j < VECTORS; ++j) sum[i][j] = fma((vfloat)(value), columns[j], sum[i][j]);
        }
      }
    }
  }

  // 3. Positions, or the prefix in place of the product.
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) {
    const int row = first_row + i;
    if (row < batch * tokens) {
      const int token = row % tokens;
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) {
        const int column = first_column + j * VECTOR, count = WIDTH - column;
        vfloat value = sum[i][j];
#if POSITIONS
        if (token >= PREFIX) value += load_first(positions + (size_t)(token - PREFIX) * WIDTH + column, count);
#endif
#if PREFIX > 0
        if (token < PREFIX) value = load_first(prefix + (size_t)token * WIDTH + column, count);
#endif
        store_first(value, y + (size_t)row * WIDTH + column, count);
      }
    }
  }
}
