// patch_embedding_plain — pictures to tokens, one item an output: the plain twin of patch_embedding.cl.
//
//   pixels     [B, 3, rows·P, columns·P] float, or [B, rows·P, columns·P, 3] uchar with BYTES   in
//   weight     [WIDTH, 3·P·P]          float  in
//   bias       [WIDTH]                 float  in
//   positions  [N, WIDTH]              float  in   read only with POSITIONS
//   prefix     [PREFIX, WIDTH]         float  in   read only where PREFIX > 0
//   y          [B, PREFIX + N, WIDTH]  float  out  every element written
//   scale, shift                       float4 in   read only with BYTES; the fourth is unused
//   batch  B                           int    in
//   grid_rows, grid_columns            int    in   patches down and across: N = grid_rows · grid_columns
//
//   Launch    WIDTH × (PREFIX + N) × B items, any group
//   Local     none
//   Numerics  float32, one chain of fma over k, bias first
//   Work      6·B·N·P·P·WIDTH flop
//   Host      Sources/OpenCLOperations/Operations/PatchEmbedding+OpenCL.swift
//   Definition  Sources/Operations/Reference/PatchEmbedding.swift

// Problem
#ifndef SIDE
  #define SIDE 16
#endif
#ifndef WIDTH
  #define WIDTH 768
#endif
#ifndef PREFIX
  #define PREFIX 1
#endif
#ifndef POSITIONS
  #define POSITIONS 1
#endif
#ifndef BYTES
  #define BYTES 0
#endif

#if BYTES
typedef uchar pixel;
#else
typedef float pixel;
#endif

__kernel void patch_embedding_plain(__global const pixel *restrict pixels, __global const float *restrict weight,
                                    __global const float *restrict bias, __global const float *restrict positions,
                                    __global const float *restrict prefix, __global float *restrict y, const int batch,
                                    const int grid_rows, const int grid_columns, const float4 scale,
                                    const float4 shift) {
  const int column = get_global_id(0), token = get_global_id(1), image = get_global_id(2);
  const int tokens = PREFIX + grid_rows * grid_columns;
  const int height = grid_rows * SIDE, width = grid_columns * SIDE;
  const int patch = max(token - PREFIX, 0);
  const int top = patch / grid_columns * SIDE, left = patch % grid_columns * SIDE;

  float sum = bias[column];
  int k = column * 3 * SIDE * SIDE;
  for (int channel = 0; channel < 3; ++channel) {
    for (int py = top; py < top + SIDE; ++py) {
      for (int px = left; px < left + SIDE; ++px) {
#if BYTES
        const float byte = pixels[(((size_t)image * height + py) * width + px) * 3 + channel];
        const float value = channel == 0   ? fma(byte, scale.x, shift.x)
                            : channel == 1 ? fma(byte, scale.y, shift.y)
                                           : fma(byte, scale.z, shift.z);
#else
        const float value = pixels[(((size_t)image * 3 + channel) * height + py) * width + px];
#endif
        sum = fma(value, weight[k++], sum);
      }
    }
  }
#if POSITIONS
  if (token >= PREFIX) sum += positions[(size_t)patch * WIDTH + column];
#endif
#if PREFIX > 0
  if (token < PREFIX) sum = prefix[(size_t)token * WIDTH + column];
#endif
  y[((size_t)image * tokens + token) * WIDTH + column] = sum;
}
