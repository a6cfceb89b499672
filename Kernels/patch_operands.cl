// patch_operands — the patches of pictures as rows of operands, for a product by warp groups that embeds them
// (linear_wgmma.cl with PATCHES), and the tokens before the patches.
//
//   patches[b·N + n, k]  = patch(b, n)[k] to nearest, ties to even; 0 for k from 3·P·P to a multiple of 64
//   y[b, t, d]           = prefix[t, d]                                 t < PREFIX
//   N = grid_rows · grid_columns; k runs over channel, row, column of the patch. BYTES: each pixel is normalized as it is
//   gathered, byte · scale[channel] + shift[channel].
//
//   pixels   [B, 3, rows·P, columns·P] float, or [B, rows·P, columns·P, 3] uchar with BYTES   in
//   prefix   [PREFIX, WIDTH]           float     in   read only where PREFIX > 0
//   patches  [B·N, 3·P·P]              operands  out  as swizzle.cl has them; rows from B·N on are not written
//   y        [B, PREFIX + N, WIDTH]    float     out  the first PREFIX tokens of each picture written, no others
//   batch  B                           int       in
//   grid_rows, grid_columns            int       in   patches down and across
//   scale, shift                       float4    in   read only with BYTES; the fourth is unused
//
//   Launch    at least 8·B·N × TILES items, one more in the second dimension where PREFIX > 0; any group. Eight neighbours
//             write a row of a tile, which is 128 bytes, and their neighbours the row below
//   Local     none
//   Numerics  bytes are normalized in float32, with one rounding; a float too large for float16 becomes NaN
//   Work      B·N·3·P·P values read, and twice as many bytes written: memory bound
//   Host      Sources/OpenCLOperations/Operations/PatchEmbedding+WarpGroups.swift
//   Definition  Sources/Operations/Reference/PatchEmbedding.swift
#include "operand.cl"
#include "swizzle.cl"

// Problem
#ifndef SIDE
  #define SIDE 16          // P
#endif
#ifndef WIDTH
  #define WIDTH 768        // D
#endif
#ifndef PREFIX
  #define PREFIX 1         // tokens before the patches
#endif
#ifndef BYTES
  #define BYTES 0          // 1: pixels are bytes, to be normalized
#endif
// Where eight neighbours are of one row of a patch, an item makes them of all channels, whose bytes lie together: its tile
// is one of a channel. Otherwise it makes eight of whatever channel.
#define RUNS (SIDE % 8 == 0)
#if RUNS
  #define TILES (SIDE * SIDE / 64)
#else
  #define TILES ((3 * SIDE * SIDE + 63) / 64)
#endif

#if BYTES
typedef uchar pixel;
#else
typedef float pixel;
#endif

static inline uint4 operands(const float *values) {
  return (uint4)(operand_pair(storable(values[0]), storable(values[1])),
                 operand_pair(storable(values[2]), storable(values[3])),
                 operand_pair(storable(values[4]), storable(values[5])),
                 operand_pair(storable(values[6]), storable(values[7])));
}

__kernel void patch_operands(__global const pixel *restrict pixels, __global const float *restrict prefix,
                             __global uint4 *restrict patches, __global float *restrict y, const int batch,
                             const int grid_rows, const int grid_columns, const float4 scale, const float4 shift) {
  const int count = grid_rows * grid_columns, rows = batch * count;
  const int height = grid_rows * SIDE, width = grid_columns * SIDE;
  const int row = get_global_id(0) / 8, tile = get_global_id(1);
  const int column = tile * SWIZZLED_STEP + get_global_id(0) % 8 * 8;  // of the first of eight neighbours
#if BYTES
  const float scales[3] = {scale.x, scale.y, scale.z}, shifts[3] = {shift.x, shift.y, shift.z};
#endif

#if PREFIX > 0
  // 1. The tokens before the patches, which the product leaves out.
  if (tile == TILES) {
    for (int i = get_global_id(0); i < batch * PREFIX * WIDTH; i += get_global_size(0)) {
      const int picture = i / (PREFIX * WIDTH), d = i % (PREFIX * WIDTH);
      y[(size_t)picture * (PREFIX + count) * WIDTH + d] = prefix[d];
    }
  }
#endif

  // 2. Eight neighbours of a patch.
  if (tile < TILES && row < rows) {
    const int patch = row % count;
    const int top = patch / grid_columns * SIDE, left = patch % grid_columns * SIDE;
    __global const pixel *picture = pixels + (size_t)(row / count) * 3 * height * width;
    float values[8];
#if RUNS
    const int at = (top + column / SIDE) * width + left + column % SIDE;
  #if BYTES
    // A multiple of 24 bytes from the start, as rows of pictures are.
    __global const uint2 *source = (__global const uint2 *)(picture + (size_t)at * 3);
    const uint2 first = source[0], second = source[1], third = source[2];
    const uint words[6] = {first.x, first.y, second.x, second.y, third.x, third.y};
  #endif
    #pragma unroll
    for (int channel = 0; channel < 3; ++channel) {
  #if BYTES
      #pragma unroll
      for (int i = 0; i < 8; ++i) {
        const int byte = i * 3 + channel;
        values[i] = fma((float)(words[byte / 4] >> byte % 4 * 8 & 255), scales[channel], shifts[channel]);
      }
  #else
      __global const float4 *source = (__global const float4 *)(picture + (size_t)channel * height * width + at);
      vstore4(source[0], 0, values);
      vstore4(source[1], 1, values);
  #endif
      patches[swizzled(row, channel * SIDE * SIDE + column, rows) / 8] = operands(values);
    }
#else
    #pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int k = column + i, channel = k / (SIDE * SIDE);
      const int at = (top + k / SIDE % SIDE) * width + left + k % SIDE;
      values[i] = 0.0f;
      if (k < 3 * SIDE * SIDE) {
  #if BYTES
        values[i] = fma((float)picture[(size_t)at * 3 + channel], scales[channel], shifts[channel]);
  #else
        values[i] = picture[(size_t)channel * height * width + at];
  #endif
      }
    }
    patches[swizzled(row, column, rows) / 8] = operands(values);
#endif
  }
}
