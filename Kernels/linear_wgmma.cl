// linear_wgmma — y = r + activation(x · Wᵀ + b) by warp groups that multiply out of local memory, float16 or bfloat16
// factors.
//
//   y[m, o] = r[m, o] + act( Σ_k x[m, k] · w[o, k] + b[o] )
//   A group of WARP_GROUPS warp groups below each other computes BLOCK_ROWS × PANEL elements of y, 64 steps of k at a time
//   from tiles of x and W in local memory; a warp group the products of its 64 rows (wgmma.cl). While they run the tiles
//   AHEAD of them are under way.
//
//   x         [rows, STRIDE]     operands  in   narrowing.cl, layer_norm.cl or another product: zero past INPUTS
//   weight    [panels · PANEL, STRIDE]  operands  in   zero past INPUTS and OUTPUTS
//   bias      [panels · PANEL]   float  in   zero-padded
//   residual  [rows, OUTPUTS]    float  in   read only with RESIDUAL; may alias y
//   y         [rows, OUTPUTS]    float  out  every element written; with NARROW_OUTPUT [rows, OUTPUT_STRIDE] operands,
//                                            zero past OUTPUTS; must not alias x
//   rows      int  in
//
//   Launch    groups: ⌈rows / BLOCK_ROWS⌉ × panels, panels = ⌈OUTPUTS / PANEL⌉; items: ITEMS × 1
//   Local     STAGES · (BLOCK_ROWS + PANEL) · 64 operands
//   Numerics  products exact, sums float32 in the instruction's order, then bias, activation and residual in float32. A row
//             does not depend on the rows around it
//   Work      2·rows·INPUTS·OUTPUTS flop, 2·INPUTS·(rows + OUTPUTS) + 4·rows·OUTPUTS bytes
//   Host      Sources/OpenCLOperations/Operations/Linear+Matrix.swift
//   Definition  Sources/Operations/Reference/Linear.swift

// Problem
#ifndef INPUTS
  #define INPUTS 768       // elements per row of x before padding
#endif
#ifndef OUTPUTS
  #define OUTPUTS 768      // elements per row of y
#endif
#ifndef RESIDUAL
  #define RESIDUAL 0       // 1: add residual last
#endif
#ifndef NARROW_OUTPUT
  #define NARROW_OUTPUT 0  // 1: y is operands, for another product
#endif
#ifndef STRIDE
  #define STRIDE ((INPUTS + 31) / 32 * 32)  // operands per row of x and weight
#endif
#define OUTPUT_STRIDE ((OUTPUTS + 31) / 32 * 32)
// Tuning — any legal value gives the same answer.
#ifndef WARP_GROUPS
  #define WARP_GROUPS 2    // below each other
#endif
#define ITEMS (WARP_GROUPS * 128)
#define BLOCK_ROWS (WARP_GROUPS * 64)
#define X_COPIES (BLOCK_ROWS * 8 / ITEMS)
#define W_COPIES (PANEL * 8 / ITEMS)
#define STEP_COPIES (X_COPIES + W_COPIES)
#include "wgmma.cl"
#include "activation.cl"
#define TILE ((BLOCK_ROWS + PANEL) * STEP_CHUNKS)
#define ROW_CHUNKS (STRIDE / 8)          // per row of x and weight
#define STEPS ((ROW_CHUNKS + STEP_CHUNKS - 1) / STEP_CHUNKS)
#define AHEAD (STAGES - 1 - IN_FLIGHT)
#if AHEAD < 1
  #error "linear_wgmma: STAGES must be at least IN_FLIGHT + 2"
#endif
#if PANEL * STEP_CHUNKS % ITEMS != 0
  #error "linear_wgmma: the items must divide the tiles evenly: PANEL by 16 * WARP_GROUPS"
#endif
#if NARROW_OUTPUT && PANEL % 32 != 0
  #error "linear_wgmma: with NARROW_OUTPUT, PANEL must be a multiple of 32, for the zeros past OUTPUTS"
#endif

// The item's chunks of a step's tile: ITEMS apart, and so in neighbouring rows of the same place. Rows end within a tile
// where STRIDE is no multiple of 64; zeros follow. (Always inlined: PoCL 3.1 loses a kernel's local array in a function that
// is called with no other.)
static inline __attribute__((always_inline))
void copy_step(int step, __local uint4 *tiles, __global const uint4 *const *source, pipeline *under_way) {
  const int item = get_local_id(0), chunk = step * STEP_CHUNKS + item % STEP_CHUNKS;
  __local uint4 *target = tiles + step % STAGES * TILE;
  if (step < STEPS) {
    UNROLL
    for (int i = 0; i < STEP_COPIES; ++i) {
      const int row = (item + i * ITEMS) / STEP_CHUNKS;
      copy_chunk(target + tile_index(row, item % STEP_CHUNKS, STEP_CHUNKS), source[i] + min(chunk, ROW_CHUNKS - 1),
                 ROW_CHUNKS % STEP_CHUNKS == 0 || chunk < ROW_CHUNKS ? 16 : 0, under_way);
    }
  }
  copies_end(under_way);
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void linear_wgmma(__global const uint4 *restrict x, __global const uint4 *restrict weight,
                  __global const float *restrict bias, __global const float *residual, __global void *y,
                  const int rows) {
  __local uint4 tiles[STAGES * TILE] __attribute__((aligned(1024)));  // rows of x, then rows of W
  pipeline under_way;
  start(tiles, &under_way);
  const int item = get_local_id(0), warp_group = item / 128;
  const int first_row = get_group_id(0) * BLOCK_ROWS, first_column = get_group_id(1) * PANEL;

  // 1. Where the rows begin that the item copies. Rows past the end read the last row again.
  __global const uint4 *source[STEP_COPIES];
  UNROLL
  for (int i = 0; i < STEP_COPIES; ++i) {
    const int row = (item + i * ITEMS) / STEP_CHUNKS;
    source[i] = i < X_COPIES ? x + (size_t)min(first_row + row, rows - 1) * ROW_CHUNKS
                             : weight + (size_t)(first_column + row - BLOCK_ROWS) * ROW_CHUNKS;
  }
  float sum[GROUP_SUMS];
  UNROLL
  for (int e = 0; e < GROUP_SUMS; ++e) sum[e] = 0.0f;

  UNROLL
  for (int step = 0; step < AHEAD; ++step) copy_step(step, tiles, source, &under_way);
  for (int step = 0; step < STEPS; ++step) {
    // 2. Before the step: its tile is there, and the one whose place the next takes has been read by all.
    copies_wait(AHEAD - 1, &under_way);
    barrier(CLK_LOCAL_MEM_FENCE);  // this step's tile written before it is read, an earlier one's read before it is written

    // 3. The product over this step's tile, and the copies of one to come while it runs.
    __local const uint4 *tile = tiles + step % STAGES * TILE;
    product(sum, descriptor(tile + warp_group * (64 * STEP_CHUNKS), &under_way),
            descriptor(tile + BLOCK_ROWS * STEP_CHUNKS, &under_way), &under_way);
    copy_step(step + AHEAD, tiles, source, &under_way);
    products_wait(sum, IN_FLIGHT, &under_way);
  }
  products_end(sum, &under_way);

  // 4. Epilogue.
  const int lane = item % 32, warp_row = first_row + item / 32 * 16;
  UNROLL
  for (int e = 0; e < GROUP_SUMS; e += VECTOR) {
    const int column = SUM_COLUMN(lane, e), row = warp_row + SUM_ROW(lane, e);
    if (row < rows) {
      vfloat value = v_load(sum + e) + load_run(bias + first_column, column, PANEL);
      value = ACTIVATE(value);
#if RESIDUAL
      value += load_run(residual + (size_t)row * OUTPUTS, first_column + column, OUTPUTS);
#endif
#if NARROW_OUTPUT
      store_operands(value, (__global ushort *)y + (size_t)row * OUTPUT_STRIDE, first_column + column, OUTPUT_STRIDE);
#else
      store_run(value, (__global float *)y + (size_t)row * OUTPUTS, first_column + column, OUTPUTS);
#endif
    }
  }
}
