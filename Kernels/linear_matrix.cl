// linear_matrix — y = r + activation(x · Wᵀ + b) by the matrix instructions of a device, float16 or bfloat16 factors.
//
//   y[m, o] = r[m, o] + act( Σ_k x[m, k] · w[o, k] + b[o] )
//   A group of WAVE_ROWS × WAVE_COLUMNS waves computes BLOCK_ROWS × PANEL elements of y, DEPTH steps of k at a time from
//   tiles of x and W in local memory; a wave TILE_ROWS × TILE_COLUMNS products of matrix.cl. STAGES tiles are under way:
//   while the group works on one the next arrive, by cp.async where there is one, through registers elsewhere.
//
//   x         [rows, STRIDE]     operands  in   rows of layer_norm.cl or quantization.cl (STORAGE 4, 5): zero past INPUTS
//   weight    [panels · PANEL, STRIDE]  operands  in   zero past INPUTS and OUTPUTS
//   bias      [panels · PANEL]   float  in   zero-padded
//   residual  [rows, OUTPUTS]    float  in   read only with RESIDUAL; may alias y
//   y         [rows, OUTPUTS]    float  out  every element written; with NARROW_OUTPUT [rows, OUTPUT_STRIDE] operands,
//                                            zero past OUTPUTS; must not alias x
//   rows      int  in
//
//   Launch    groups: ⌈rows / BLOCK_ROWS⌉ × panels, panels = ⌈OUTPUTS / PANEL⌉; items: ITEMS × 1
//   Local     STAGES · (BLOCK_ROWS + PANEL) · DEPTH operands
//   Numerics  products exact, sums float32 in the instruction's order, then bias, activation and residual in float32. A row
//             does not depend on the rows around it
//   Work      2·rows·INPUTS·OUTPUTS flop, 2·INPUTS·(rows + OUTPUTS) + 4·rows·OUTPUTS bytes
//   Host      Sources/OpenCLOperations/Operations/Linear+Narrow.swift
//   Definition  Sources/Operations/Reference/Linear.swift
#include "matrix.cl"

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
#include "activation.cl"
// Tuning — any legal value gives the same answer up to the order of sums.
#ifndef WAVE_ROWS
  #define WAVE_ROWS 2      // waves below each other
#endif
#ifndef WAVE_COLUMNS
  #define WAVE_COLUMNS 2   // waves side by side
#endif
#ifndef TILE_ROWS
  #define TILE_ROWS 2      // products below each other, by wave
#endif
#ifndef TILE_COLUMNS
  #define TILE_COLUMNS 2   // products side by side, by wave
#endif
#ifndef DEPTH
  #define DEPTH 32         // steps of k per tile
#endif
#ifndef STAGES
  #define STAGES (MATRIX == 1 ? 3 : 2)  // tiles in local memory
#endif
#define WAVES (WAVE_ROWS * WAVE_COLUMNS)
#define ITEMS (WAVES * LANES)
#define BLOCK_ROWS (WAVE_ROWS * TILE_ROWS * 16)
#define PANEL (WAVE_COLUMNS * TILE_COLUMNS * MATRIX_COLUMNS)
#define STEPS (STRIDE / DEPTH)
#define CHUNKS (DEPTH / 8)               // of 16 bytes per row of a tile
#define ROW_CHUNKS (STRIDE / 8)          // per row of x and weight
#define X_COPIES (BLOCK_ROWS * CHUNKS / ITEMS)
#define W_COPIES (PANEL * CHUNKS / ITEMS)
#define TILE ((BLOCK_ROWS + PANEL) * CHUNKS)
#if DEPTH != 16 && DEPTH != 32 && DEPTH != 64 || STRIDE % DEPTH != 0
  #error "linear_matrix: DEPTH must be 16, 32 or 64 and divide STRIDE"
#endif
#if BLOCK_ROWS * CHUNKS % ITEMS != 0 || PANEL * CHUNKS % ITEMS != 0
  #error "linear_matrix: the items must divide the tiles evenly: TILE_ROWS * 2 * DEPTH by WAVE_COLUMNS * LANES, and so on"
#endif
#if NARROW_OUTPUT && PANEL % 32 != 0
  #error "linear_matrix: with NARROW_OUTPUT, PANEL must be a multiple of 32, for the zeros past OUTPUTS"
#endif
#define ASYNCHRONOUS (MATRIX == 1)
#if !ASYNCHRONOUS && STAGES != 2
  #error "linear_matrix: without cp.async, STAGES must be 2"
#endif

#if ASYNCHRONOUS
  #if EMULATED
    #define copy_chunk(target, source) (*(target) = *(source))
    #define copies_end()
    #define copies_wait()
  #else
static inline void copy_chunk(__local uint4 *target, __global const uint4 *source) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" : : "l"(target), "l"(source) : "memory");
}
    #define copies_end() asm volatile("cp.async.commit_group;" : : : "memory")
    #define copies_wait() asm volatile("cp.async.wait_group %0;" : : "n"(STAGES - 2) : "memory")
  #endif
#else
  #define copies_end()
  #define copies_wait()
#endif

__kernel MATRIX_ATTRIBUTES __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void linear_matrix(__global const uint4 *restrict x, __global const uint4 *restrict weight,
                   __global const float *restrict bias, __global const float *residual, __global void *y,
                   const int rows) {
  __local uint4 tiles[STAGES * TILE];  // rows of x, then rows of W
  MATRIX_MEMORY(WAVES);
  const int item = get_local_id(0);
  const wave self = MATRIX_WAVE(item);
  const int first_row = get_group_id(0) * BLOCK_ROWS, first_column = get_group_id(1) * PANEL;
  const int wave_row = item / LANES / WAVE_COLUMNS * (TILE_ROWS * 16);
  const int wave_column = item / LANES % WAVE_COLUMNS * (TILE_COLUMNS * MATRIX_COLUMNS);

  // 1. What the item copies of each tile: its chunks are ITEMS apart. Rows past the end read the last row again.
  __global const uint4 *source[X_COPIES + W_COPIES];
  UNROLL
  for (int i = 0; i < X_COPIES + W_COPIES; ++i) {
    const int row = (item + i * ITEMS) / CHUNKS;
    source[i] = (i < X_COPIES ? x + (size_t)min(first_row + row, rows - 1) * ROW_CHUNKS
                              : weight + (size_t)(first_column + row - BLOCK_ROWS) * ROW_CHUNKS) + item % CHUNKS;
  }
  float sum[TILE_ROWS][TILE_COLUMNS][SUMS];
  UNROLL
  for (int i = 0; i < TILE_ROWS; ++i) {
    UNROLL
    for (int j = 0; j < TILE_COLUMNS; ++j) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) sum[i][j][e] = 0.0f;
    }
  }

  for (int step = 1 - STAGES; step < STEPS; ++step) {
    // 2. Before the step: its own tile is there, and the oldest has been read by all.
    copies_wait();
    barrier(CLK_LOCAL_MEM_FENCE);  // this step's tile written before any item reads it, the last step's read by all

    // 3. The newest tile takes the oldest one's place.
    const int next = step + STAGES - 1;
    __local uint4 *newest = tiles + next % STAGES * TILE;
#if ASYNCHRONOUS
    if (next < STEPS) {
      UNROLL
      for (int i = 0; i < X_COPIES + W_COPIES; ++i) {
        copy_chunk(newest + tile_index((item + i * ITEMS) / CHUNKS, item % CHUNKS, CHUNKS), source[i] + next * CHUNKS);
      }
    }
    copies_end();
#else
    uint4 fetched[X_COPIES + W_COPIES];
    UNROLL
    for (int i = 0; i < X_COPIES + W_COPIES; ++i) fetched[i] = source[i][min(next, STEPS - 1) * CHUNKS];
#endif

    // 4. The product over this step's tile.
    if (step >= 0) {
      __local const uint4 *tile = tiles + step % STAGES * TILE;
      const wave now = inside_loop(self, step);
      UNROLL
      for (int k = 0; k < CHUNKS; k += 2) {
        fragment_b columns[TILE_COLUMNS];
        UNROLL
        for (int j = 0; j < TILE_COLUMNS; ++j) {
          columns[j] = load_b(tile, CHUNKS, BLOCK_ROWS + wave_column + j * MATRIX_COLUMNS, k, now);
        }
        UNROLL
        for (int i = 0; i < TILE_ROWS; ++i) {
          const fragment_a values = load_a(tile, CHUNKS, wave_row + i * 16, k, now);
          UNROLL
          for (int j = 0; j < TILE_COLUMNS; ++j) multiply(sum[i][j], values, columns[j], now);
        }
      }
    }
#if !ASYNCHRONOUS
    UNROLL
    for (int i = 0; i < X_COPIES + W_COPIES; ++i) {
      newest[tile_index((item + i * ITEMS) / CHUNKS, item % CHUNKS, CHUNKS)] = fetched[i];
    }
#endif
  }

  // 5. Epilogue.
  UNROLL
  for (int j = 0; j < TILE_COLUMNS; ++j) {
    UNROLL
    for (int e = 0; e < SUMS; e += VECTOR) {
      const int column = first_column + wave_column + j * MATRIX_COLUMNS + SUM_COLUMN(self.lane, e);
      const vfloat b = load_run(bias + first_column, column - first_column, PANEL);
      UNROLL
      for (int i = 0; i < TILE_ROWS; ++i) {
        const int row = first_row + wave_row + i * 16 + SUM_ROW(self.lane, e);
        if (row < rows) {
          vfloat value = v_load(sum[i][j] + e) + b;
          value = ACTIVATE(value);
#if RESIDUAL
          value += load_run(residual + (size_t)row * OUTPUTS, column, OUTPUTS);
#endif
#if NARROW_OUTPUT
          store_operands(value, (__global ushort *)y + (size_t)row * OUTPUT_STRIDE, column, OUTPUT_STRIDE);
#else
          store_run(value, (__global float *)y + (size_t)row * OUTPUTS, column, OUTPUTS);
#endif
        }
      }
    }
  }
}
