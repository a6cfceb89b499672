// patch_embedding_simd — pictures to tokens on CPU devices: each patch is gathered once, for many panels of the weight.
//
//   y[b, PREFIX + n, d] = Σ_k patch(b, n)[k] · W[d, k] + bias[d] + positions[n, d]
//   y[b, t, d]          = prefix[t, d]                                  t < PREFIX: class and register tokens
//   As patch_embedding.cl, whose items gather and normalize each pixel again for every panel. Here an item gathers ROWS
//   patches into local memory, [k][ROWS], and walks through its panels.
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
//   panels_per_item                    int    in
//
//   Launch    ⌈B·(PREFIX + N) / ROWS⌉ × ⌈panels / panels_per_item⌉ groups of one item
//   Local     3·P·P·ROWS floats
//   Numerics  float32, one chain of fma over k per element, bias first: the bits of patch_embedding.cl
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
  #define VECTORS 2
#endif
#define PANEL (VECTORS * VECTOR)
#define PANELS ((WIDTH + PANEL - 1) / PANEL)
#define INPUTS (3 * SIDE * SIDE)

#if BYTES
typedef uchar pixel;
#else
typedef float pixel;
#endif

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void patch_embedding_simd(__global const pixel *restrict pixels, __global const float *restrict weight,
                          __global const float *restrict bias, __global const float *restrict positions,
                          __global const float *restrict prefix, __global float *restrict y, const int batch,
                          const int grid_rows, const int grid_columns, const float4 scale, const float4 shift,
                          const int panels_per_item) {
  __local float patches[INPUTS * ROWS];  // [k][ROWS]
  const int tokens = PREFIX + grid_rows * grid_columns;
  const int height = grid_rows * SIDE, width = grid_columns * SIDE;
  const int first_row = get_group_id(0) * ROWS;

  // 1. The patches, normalized. Prefix rows and rows past the end gather a patch that exists.
  for (int i = 0; i < ROWS; ++i) {
    const int row = min(first_row + i, batch * tokens - 1);
    const int patch = max(row % tokens - PREFIX, 0);
    const int top = patch / grid_columns * SIDE, left = patch % grid_columns * SIDE;
    __global const pixel *picture = pixels + (size_t)(row / tokens) * 3 * height * width;
    for (int channel = 0; channel < 3; ++channel) {
#if BYTES
      const float channel_scale = channel == 0 ? scale.x : channel == 1 ? scale.y : scale.z;
      const float channel_shift = channel == 0 ? shift.x : channel == 1 ? shift.y : shift.z;
#endif
      for (int py = 0; py < SIDE; ++py) {
        __local float *target = patches + (channel * SIDE + py) * SIDE * ROWS + i;
#if BYTES
        __global const pixel *source = picture + ((size_t)(top + py) * width + left) * 3 + channel;
        for (int px = 0; px < SIDE; ++px) target[px * ROWS] = fma((float)source[px * 3], channel_scale, channel_shift);
#else
        __global const pixel *source = picture + ((size_t)channel * height + top + py) * width + left;
        for (int px = 0; px < SIDE; ++px) target[px * ROWS] = source[px];
#endif
      }
    }
  }

  const int first_panel = get_group_id(1) * panels_per_item;
  const int last_panel = min(first_panel + panels_per_item, PANELS);
  for (int panel = first_panel; panel < last_panel; ++panel) {
    // 2. The product with a panel.
    vfloat sum[ROWS][VECTORS];
    #pragma unroll
    for (int j = 0; j < VECTORS; ++j) {
      const vfloat b = v_load(bias + panel * PANEL + j * VECTOR);
      #pragma unroll
      for (int i = 0; i < ROWS; ++i) sum[i][j] = b;
    }
    __global const float *w = weight + (size_t)panel * (INPUTS * PANEL);
    for (int k = 0; k < INPUTS; ++k) {
      vfloat columns[VECTORS];
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) columns[j] = v_load(w + k * PANEL + j * VECTOR);
      #pragma unroll
      for (int i = 0; i < ROWS; ++i) {
        const vfloat value = (vfloat)(patches[k * ROWS + i]);
        #pragma unroll
        for (int j = 0; j < VECTORS; ++j) sum[i][j] = fma(value, columns[j], sum[i][j]);
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
          const int column = panel * PANEL + j * VECTOR, count = WIDTH - column;
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
}
