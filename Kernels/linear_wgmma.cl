// linear_wgmma — y = r + activation(x · Wᵀ + b) by warp groups that multiply out of local memory, float16 or bfloat16
// factors.
//
//   y[m, o] = r[m, o] + act( Σ_k x[m, k] · w[o, k] + b[o] )
//   A group of WARP_GROUPS warp groups below each other computes tiles of BLOCK_ROWS × PANEL elements of y, every so many of
//   them, 64 steps of k at a time from tiles of x and W in local memory; a warp group the products of its 64 rows (wgmma.cl).
//   While they run the tiles AHEAD of them are under way, those of the next tile of y among them.
//
//   x         [rows, INPUTS]     operands  in   as swizzle.cl has them; narrowing.cl, layer_norm.cl or another product
//   weight    [panels][STEPS][WEIGHT_PANEL][64]  operands  in   panels of WEIGHT_PANEL of W's rows, whose chunks are permuted
//                                            as in swizzle.cl; zero past INPUTS and OUTPUTS
//   bias      [panels · WEIGHT_PANEL]  float  in   zero past OUTPUTS
//   residual  [rows, OUTPUTS]    float  in   read only with RESIDUAL; may alias y; with PATCHES [PATCHES, OUTPUTS], the
//                                            positions
//   y         [rows, OUTPUTS]    float  out  every element written; must not alias x. NARROW_OUTPUT 1: [rows, OUTPUT_STRIDE]
//                                            operands, zero past OUTPUTS; 2: operands as swizzle.cl has them. With PATCHES
//                                            a picture's rows are PATCHES after PREFIX that are left as they are
//   rows      int  in
//
//   Launch    groups: any number; ⌈rows / BLOCK_ROWS⌉ × ⌈OUTPUTS / PANEL⌉ have a tile each; items: ITEMS
//   Local     STAGES · (BLOCK_ROWS + PANEL) · 64 operands, LEAVING_TILES · BLOCK_ROWS · 64 results, PANEL floats
//   Numerics  products exact, sums float32 in the instruction's order, then bias, activation and residual in float32. A row
//             does not depend on the rows around it
//   Work      2·rows·INPUTS·OUTPUTS flop, 2·INPUTS·(rows + OUTPUTS) + 4·rows·OUTPUTS bytes
//   Host      Sources/OpenCLOperations/Operations/Linear+WarpGroups.swift
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
  #define NARROW_OUTPUT 0  // 1: y is operands, in rows; 2: for another product of warp groups
#endif
#ifndef PATCHES
  #define PATCHES 0        // patches of a picture where y is its tokens; 0: y has the rows of x
#endif
#ifndef PREFIX
  #define PREFIX 0         // tokens before the patches
#endif
#define OUTPUT_STRIDE ((OUTPUTS + 31) / 32 * 32)
// Tuning — any legal value gives the same answer.
#ifndef WARP_GROUPS
  #define WARP_GROUPS 2    // below each other
#endif
#ifndef WEIGHT_PANEL
  #define WEIGHT_PANEL 256 // columns that the weight is laid out by: a multiple of PANEL
#endif
#define ITEMS (WARP_GROUPS * 128)
#define BLOCK_ROWS (WARP_GROUPS * 64)
#include "wgmma.cl"
#include "swizzle.cl"
#include "quad.cl"
#define ROUNDED_RESULTS (NARROW_OUTPUT != 0)
#if !EMULATED
// Rounding to operands loses what these are off by, a few units of the last place.
static inline float2 v_power_of_2(float2 x) { return (float2)(power_of_2(x.x), power_of_2(x.y)); }
  #define v_power_of_2 v_power_of_2

static inline float2 v_divide(float2 a, float2 b) {
  float2 inverse;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(inverse.x) : "f"(b.x));
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(inverse.y) : "f"(b.y));
  return a * inverse;
}
  #define v_divide v_divide
#endif
#include "activation.cl"
#define TILE ((BLOCK_ROWS + PANEL) * STEP_CHUNKS)
#define STEPS ((INPUTS + SWIZZLED_STEP - 1) / SWIZZLED_STEP)
#define PANELS ((OUTPUTS + PANEL - 1) / PANEL)
#define AHEAD (STAGES - 1 - IN_FLIGHT)
#if AHEAD < 1
  #error "linear_wgmma: STAGES must be at least IN_FLIGHT + 2"
#endif
#if PANEL % SWIZZLED_STEP != 0 || WEIGHT_PANEL % PANEL != 0
  #error "linear_wgmma: PANEL must be a multiple of 64, and WEIGHT_PANEL of PANEL"
#endif

// Where a row of the product goes in y.
#if PATCHES > 0
  #define OUTPUT_ROW(row) ((row) / PATCHES * (PATCHES + PREFIX) + PREFIX + (row) % PATCHES)
  #define RESIDUAL_ROW(row) ((row) % PATCHES)
#else
  #define OUTPUT_ROW(row) (row)
  #define RESIDUAL_ROW(row) (row)
#endif

// What comes next of x and W: a step of one of the group's tiles of y. (Always inlined: PoCL 3.1 loses a kernel's local array
// in a function that is called with no other.)
typedef struct {
  int tile, step, stage;
} fetch;

static inline __attribute__((always_inline))
void next_fetch(fetch *next, int tile_count, int rows, __local uint4 *tiles, __global const uint4 *x,
                __global const uint4 *weight, pipeline *under_way) {
  if (next->tile >= tile_count) return;
  const int first_row = next->tile / PANELS * BLOCK_ROWS, panel = next->tile % PANELS;
  const int x_rows = min(BLOCK_ROWS, SWIZZLED_ROWS(rows) - first_row);
  __local uint4 *target = tiles + next->stage * TILE;
  stage_begins(next->stage, (x_rows + PANEL) * (STEP_CHUNKS * 16), under_way);
  copy_tile(target, x + ((size_t)next->step * SWIZZLED_ROWS(rows) + first_row) * STEP_CHUNKS, x_rows * (STEP_CHUNKS * 16),
            next->stage, under_way);
  const int column = panel * PANEL, weight_panel = column / WEIGHT_PANEL;
  copy_tile(target + BLOCK_ROWS * STEP_CHUNKS,
            weight + ((size_t)(weight_panel * STEPS + next->step) * WEIGHT_PANEL + column % WEIGHT_PANEL) * STEP_CHUNKS,
            PANEL * (STEP_CHUNKS * 16), next->stage, under_way);
  if (++next->step == STEPS) {
    next->step = 0;
    next->tile += get_num_groups(0);
  }
  next->stage = next->stage == STAGES - 1 ? 0 : next->stage + 1;
}

// Results leave by local memory, 64 columns at a time, for an item has few neighbours: in whole chunks, 16 bytes each; as a
// whole, in one copy, where they lie in y as they do there.
#define LEAVES_WHOLE (NARROW_OUTPUT == 2)
#define LEAVING_TILES (LEAVES_WHOLE ? 2 : 1)  // copies go on while items work
#if NARROW_OUTPUT
  #define LEAVING_CHUNKS 8                 // of a row
  #define LEAVING_INDEX(row, chunk) tile_index(row, chunk, LEAVING_CHUNKS)
#else
  #define LEAVING_CHUNKS 16
  // Rows whose pairs are written together are in different banks.
  #define LEAVING_INDEX(row, chunk) ((row) * LEAVING_CHUNKS + ((chunk) ^ ((row) & 3) * 2))
#endif

#define ITEM_CHUNKS (BLOCK_ROWS * LEAVING_CHUNKS / ITEMS)
#if RESIDUAL && NARROW_OUTPUT
  #error "linear_wgmma: a residual is added to floats alone"
#endif
#if RESIDUAL
static inline void load_residual(float4 *added, __global const float *residual, int first_row, int first_column, int rows) {
  const int item = same_item();
  first_row += item / LEAVING_CHUNKS;
  first_column += item % LEAVING_CHUNKS * 4;
  UNROLL
  for (int i = 0; i < ITEM_CHUNKS; ++i) {
    const int row = first_row + i * (ITEMS / LEAVING_CHUNKS);
    added[i] = (float4)(0.0f);
    if (row < rows) {
      added[i] = load4(residual + (size_t)RESIDUAL_ROW(row) * OUTPUTS, first_column, OUTPUTS);
    }
  }
}
#endif

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void linear_wgmma(__global const uint4 *restrict x, __global const uint4 *restrict weight,
                  __global const float *restrict bias, __global const float *residual, __global void *y,
                  const int rows) {
  __local uint4 tiles[STAGES * TILE] __attribute__((aligned(1024)));  // rows of x, then rows of W
  __local ulong arrivals[STAGES];
  __local float panel_bias[PANEL];
  __local uint4 leaving[LEAVING_TILES][BLOCK_ROWS * LEAVING_CHUNKS];
  pipeline under_way;
  start(tiles, arrivals, &under_way);
  barrier(CLK_LOCAL_MEM_FENCE);  // arrivals ready before any item waits for them
  const int item = get_local_id(0), warp_group = item / 128;
  const int tile_count = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS * PANELS;

  // 1. The first tiles are under way.
  fetch next = {get_group_id(0), 0, 0};
  UNROLL
  for (int i = 0; i < AHEAD; ++i) next_fetch(&next, tile_count, rows, tiles, x, weight, &under_way);

  int stage = 0, round = 0, leaving_tile = 0;
  for (int tile = get_group_id(0); tile < tile_count; tile += get_num_groups(0)) {
    const int first_row = tile / PANELS * BLOCK_ROWS, first_column = tile % PANELS * PANEL;
    float item_bias[(PANEL + ITEMS - 1) / ITEMS], sum[GROUP_SUMS];
    UNROLL
    for (int i = 0; i < (PANEL + ITEMS - 1) / ITEMS; ++i) {
      item_bias[i] = bias[first_column + min(item + i * ITEMS, PANEL - 1)];
    }
    UNROLL
    for (int e = 0; e < GROUP_SUMS; ++e) sum[e] = 0.0f;

#if RESIDUAL
    float4 added[2][ITEM_CHUNKS];
    UNROLL
    for (int i = 0; i < ITEM_CHUNKS; ++i) added[0][i] = (float4)(0.0f);
#endif
    for (int step = 0; step < STEPS; ++step) {
#if RESIDUAL
      // What is added to the first results comes while the last products run.
      if (step == max(0, STEPS - 2)) load_residual(added[0], residual, first_row, first_column, rows);
#endif
      // 2. Before the step: its tile is there, and the one whose place the next takes has been read by all.
      stage_wait(stage, round, &under_way);
      barrier(CLK_LOCAL_MEM_FENCE);  // this step's tile written before it is read, an earlier one's read before it is written

      // 3. The product over this step's tile, and the copies of one to come while it runs.
      __local const uint4 *source = tiles + stage * TILE;
      product(sum, descriptor(source + warp_group * (64 * STEP_CHUNKS), &under_way),
              descriptor(source + BLOCK_ROWS * STEP_CHUNKS, &under_way), &under_way);
      next_fetch(&next, tile_count, rows, tiles, x, weight, &under_way);
      products_wait(sum, IN_FLIGHT, &under_way);
      if (++stage == STAGES) {
        stage = 0;
        ++round;
      }
    }
    products_end(sum, &under_way);
    UNROLL
    for (int i = 0; i < (PANEL + ITEMS - 1) / ITEMS; ++i) {
      if (item + i * ITEMS < PANEL) panel_bias[item + i * ITEMS] = item_bias[i];
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // bias written before any item reads it

    // 4. Epilogue.
    UNROLL
    for (int c = 0; c < PANEL; c += SWIZZLED_STEP) {
#if LEAVES_WHOLE
      // For columns that are not there nothing leaves, nor counts among what does.
      if (first_column + c >= OUTPUTS) break;
#endif
      __local uint4 *columns = leaving[leaving_tile];
      leaving_tile = (leaving_tile + 1) % LEAVING_TILES;
      const int self = same_item(), lane = self % 32, warp_row = self / 32 * 16;
      const int leaving_row = self / LEAVING_CHUNKS, chunk = self % LEAVING_CHUNKS;
#if LEAVES_WHOLE
      leaving_wait(LEAVING_TILES - 1, &under_way);
      barrier(CLK_LOCAL_MEM_FENCE);  // the columns that were here have left
#else
      if (c > 0) barrier(CLK_LOCAL_MEM_FENCE);  // the columns before read by all
#endif
      UNROLL
      for (int e = c / 2; e < (c + SWIZZLED_STEP) / 2; e += VECTOR) {
        const int column = SUM_COLUMN(lane, e), row = warp_row + SUM_ROW(lane, e), place = column % SWIZZLED_STEP;
        vfloat value = v_load(sum + e) + v_load(panel_bias + column);
        value = ACTIVATE(value);
#if NARROW_OUTPUT
        ((__local uint *)(columns + LEAVING_INDEX(row, place / 8)))[place % 8 / 2] =
            operand_pair(storable(value.x), storable(value.y));
#else
        ((__local float2 *)(columns + LEAVING_INDEX(row, place / 4)))[place % 4 / 2] = value;
#endif
      }
#if RESIDUAL
      // What is added to the next results, while these leave.
      if (c + SWIZZLED_STEP < PANEL) {
        load_residual(added[(c / SWIZZLED_STEP + 1) % 2], residual, first_row, first_column + c + SWIZZLED_STEP, rows);
      }
#endif
#if LEAVES_WHOLE
      leaving_written();
#endif
      barrier(CLK_LOCAL_MEM_FENCE);  // chunks written before they are read
#if LEAVES_WHOLE
      // Rows past the last are there, and may hold anything.
      const int y_rows = SWIZZLED_ROWS(rows);
      leave((__global uint4 *)y + ((size_t)((first_column + c) / SWIZZLED_STEP) * y_rows + first_row) * LEAVING_CHUNKS,
            columns, min(BLOCK_ROWS, y_rows - first_row) * (LEAVING_CHUNKS * 16), &under_way);
#elif NARROW_OUTPUT
      UNROLL
      for (int i = 0; i < ITEM_CHUNKS; ++i) {
        const int place = leaving_row + i * (ITEMS / LEAVING_CHUNKS), row = first_row + place;
        const int first = first_column + c + chunk * 8;
        if (row < rows && first < OUTPUT_STRIDE) {
          ((__global uint4 *)y)[(size_t)row * (OUTPUT_STRIDE / 8) + first / 8] = columns[LEAVING_INDEX(place, chunk)];
        }
      }
#else
      UNROLL
      for (int i = 0; i < ITEM_CHUNKS; ++i) {
        const int place = leaving_row + i * (ITEMS / LEAVING_CHUNKS), row = first_row + place;
        float4 value = as_float4(columns[LEAVING_INDEX(place, chunk)]);
  #if RESIDUAL
        value += added[c / SWIZZLED_STEP % 2][i];
  #endif
        if (row < rows) {
          store4(value, (__global float *)y + (size_t)OUTPUT_ROW(row) * OUTPUTS, first_column + c + chunk * 4, OUTPUTS);
        }
      }
#endif
    }
  }
#if LEAVES_WHOLE
  leaving_wait(0, &under_way);
#endif
}
