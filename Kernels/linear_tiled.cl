// linear_tiled — y = r + activation(n(x) · Wᵀ + b) through tiles of local memory, for devices that have one of their own.
//
//   y[m, o] = r[m, o] + act( Σ_k n(x)[m, k] · W[o, k] + b[o] )        n(x) = (x − mean)/√(var + ε) ⊙ γ + β, or x
//   A group computes TILE_ROWS × PANEL elements of y, DEPTH steps of k at a time: xᵀ and Wᵀ of these steps lie in local
//   memory, and each item keeps ROWS × 4·VECTORS sums in registers (Volkov and Demmel, SC 2008, "Benchmarking GPUs to
//   tune dense linear algebra"). While the group works on one pair of tiles it loads the next into registers, and stores
//   it into the other pair: one barrier a step. Layer norm is applied as x enters its tile.
//
//   x         [rows, INPUTS]    float  in
//   weight    [panels][STEPS·DEPTH][PANEL]  float, or half with HALF_WEIGHTS  in   Wᵀ in panels of PANEL columns,
//                                                  zero past INPUTS and OUTPUTS
//   bias      [panels · PANEL]  float  in   zero-padded
//   residual  [rows, OUTPUTS]   float  in   read only with RESIDUAL; may alias y
//   gamma, beta  [INPUTS]       float  in   read only with NORM
//   y         [rows, OUTPUTS]   float  out  every element written; must not alias x
//   epsilon   ε                 float  in   read only with NORM
//   rows                        int    in
//
//   Launch    groups: ⌈rows / TILE_ROWS⌉ × panels; items: GROUP_COLUMNS × GROUP_ROWS
//   Local     2·DEPTH·(TILE_ROWS + 4 + PANEL) floats, with NORM TILE_ROWS·(2·GROUP_COLUMNS + 3) more
//   Numerics  float32 (half only in storage), one chain of fma over k per element, bias first; two-pass statistics. A row
//             does not depend on the rows around it
//   Work      2·rows·INPUTS·OUTPUTS flop, 4·(rows·(INPUTS + OUTPUTS) + INPUTS·OUTPUTS) bytes
//   Host      Sources/OpenCLOperations/Operations/Linear+Tiled.swift
//   Definition  Sources/Operations/Reference/Linear.swift
#undef VECTOR
#define VECTOR 4
#include "activation.cl"
#include "quad.cl"

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
#ifndef HALF_WEIGHTS
  #define HALF_WEIGHTS 0   // 1: weights are stored as half
#endif
// Tuning — set by LinearTiledTuning; any legal value gives the same bits, but for the order of layer norm's sums.
#ifndef ROWS
  #define ROWS 8           // rows of y per item
#endif
#ifndef VECTORS
  #define VECTORS 1        // float4 of y per row and item
#endif
#ifndef GROUP_COLUMNS
  #define GROUP_COLUMNS 16 // items side by side
#endif
#ifndef GROUP_ROWS
  #define GROUP_ROWS 8     // items below each other
#endif
#ifndef DEPTH
  #define DEPTH 16         // steps of k per tile
#endif
#if ROWS % 4 != 0 || DEPTH % 4 != 0
  #error "linear_tiled: ROWS and DEPTH must be multiples of 4"
#endif
#define ITEMS (GROUP_COLUMNS * GROUP_ROWS)
#define TILE_ROWS (GROUP_ROWS * ROWS)
#define PANEL (GROUP_COLUMNS * VECTORS * 4)
#define STEPS ((INPUTS + DEPTH - 1) / DEPTH)
#define X_STRIDE (TILE_ROWS / 4 + 1)                // float4 per row of the tile of x; one for the banks' sake
#define W_STRIDE (PANEL / 4)
#define X_LOADS (TILE_ROWS * DEPTH / 4 / ITEMS)     // float4 that an item loads of x, of w
#define W_LOADS (DEPTH * W_STRIDE / ITEMS)
#if TILE_ROWS * DEPTH / 4 % ITEMS != 0 || DEPTH * W_STRIDE % ITEMS != 0
  #error "linear_tiled: the items must divide the tiles evenly: ROWS * DEPTH by 4 * GROUP_COLUMNS, DEPTH * VECTORS by GROUP_ROWS"
#endif

#if HALF_WEIGHTS
typedef half stored;
  #define LOAD_WEIGHTS(p, i) vloada_half4(i, p)
#else
typedef float stored;
  #define LOAD_WEIGHTS(p, i) ((__global const float4 *)(p))[i]
#endif

#if NORM
// Statistics of the tile's rows. The items side by side share a row; one of the group adds up what they found.
static inline void normalize_rows(__global const float *x, int first_row, int rows, float epsilon,
                                  __local float2 *parts, __local normalizer *normalizers) {
  const int column = get_local_id(0), row = get_local_id(1) * ROWS, item = get_local_id(1) * GROUP_COLUMNS + column;
#if ROOT_MEAN_SQUARE
  for (int i = item; i < TILE_ROWS; i += ITEMS) normalizers[i].mean = 0.0f;
#else
  for (int i = 0; i < ROWS; ++i) {
    __global const float *source = x + (size_t)min(first_row + row + i, rows - 1) * INPUTS;
    float4 sum = (float4)(0.0f);
    for (int k = column * 4; k < INPUTS; k += GROUP_COLUMNS * 4) sum += load4(source, k, INPUTS);
    parts[(row + i) * GROUP_COLUMNS + column] = (float2)(v_sum(sum), 0.0f);
  }
  barrier(CLK_LOCAL_MEM_FENCE);  // all sums written before any is added up
  for (int i = item; i < TILE_ROWS; i += ITEMS) {
    float sum = 0.0f;
    for (int j = 0; j < GROUP_COLUMNS; ++j) sum += parts[i * GROUP_COLUMNS + j].x;
    normalizers[i].mean = sum / INPUTS;
  }
#endif
  barrier(CLK_LOCAL_MEM_FENCE);  // means written before any item reads them; sums read before they are overwritten
  for (int i = 0; i < ROWS; ++i) {
    __global const float *source = x + (size_t)min(first_row + row + i, rows - 1) * INPUTS;
    const float mean = normalizers[row + i].mean;
    float4 centred_sum = (float4)(0.0f), square_sum = (float4)(0.0f);
    for (int k = column * 4; k < INPUTS; k += GROUP_COLUMNS * 4) {
      float4 centred = load4(source, k, INPUTS) - mean;
      if (INPUTS % 4 != 0) centred = select((float4)(0.0f), centred, (int4)(k, k + 1, k + 2, k + 3) < INPUTS);
      centred_sum += centred;
      square_sum = fma(centred, centred, square_sum);
    }
    parts[(row + i) * GROUP_COLUMNS + column] = (float2)(v_sum(centred_sum), v_sum(square_sum));
  }
  barrier(CLK_LOCAL_MEM_FENCE);  // all sums written before any is added up
  for (int i = item; i < TILE_ROWS; i += ITEMS) {
    float2 sum = (float2)(0.0f);
    for (int j = 0; j < GROUP_COLUMNS; ++j) sum += parts[i * GROUP_COLUMNS + j];
    normalizers[i] = make_normalizer(normalizers[i].mean, sum.x, sum.y, INPUTS, epsilon);
  }
  barrier(CLK_LOCAL_MEM_FENCE);  // statistics written before any item reads them
}
#endif

__kernel __attribute__((reqd_work_group_size(GROUP_COLUMNS, GROUP_ROWS, 1)))
void linear_tiled(__global const float *restrict x, __global const stored *restrict weight,
                  __global const float *restrict bias, __global const float *residual,
                  __global const float *restrict gamma, __global const float *restrict beta, const float epsilon,
                  __global float *y, const int rows) {
  __local float4 x_tiles[2 * DEPTH * X_STRIDE];  // xᵀ
  __local float4 w_tiles[2 * DEPTH * W_STRIDE];  // Wᵀ
  const int item_column = get_local_id(0), item_row = get_local_id(1);
  const int item = item_row * GROUP_COLUMNS + item_column;
  const int first_row = get_group_id(0) * TILE_ROWS, panel = get_group_id(1);
#if NORM
  __local float2 parts[TILE_ROWS * GROUP_COLUMNS];
  __local normalizer normalizers[TILE_ROWS];
  normalize_rows(x, first_row, rows, epsilon, parts, normalizers);
#endif

  // 1. The sums begin with the bias. Neighbouring items have neighbouring float4 of a row.
  float4 sum[ROWS][VECTORS];
  #pragma unroll
  for (int j = 0; j < VECTORS; ++j) {
    const float4 b = ((__global const float4 *)bias)[panel * W_STRIDE + j * GROUP_COLUMNS + item_column];
    #pragma unroll
    for (int i = 0; i < ROWS; ++i) sum[i][j] = b;
  }

  __global const stored *w = weight + (size_t)panel * (STEPS * DEPTH * PANEL);
  for (int step = -1; step < STEPS; ++step) {
    // 2. The tiles of the next step, into registers. Rows past the end read the last row again. Past the last step it is
    //    loaded again and not stored, so that no load depends on a branch.
    const int next = min(step + 1, STEPS - 1);
    float4 x_next[X_LOADS], w_next[W_LOADS];
    #pragma unroll
    for (int i = 0; i < X_LOADS; ++i) {
      const int at = item + i * ITEMS, row = at / (DEPTH / 4), k = next * DEPTH + at % (DEPTH / 4) * 4;
      x_next[i] = load4(x + (size_t)min(first_row + row, rows - 1) * INPUTS, k, INPUTS);
#if NORM
      const normalizer n = normalizers[row];
      x_next[i] = fma(fma(x_next[i] - n.mean, (float4)(n.factor), (float4)(n.offset)), load4(gamma, k, INPUTS),
                      load4(beta, k, INPUTS));
#endif
    }
    #pragma unroll
    for (int i = 0; i < W_LOADS; ++i) w_next[i] = LOAD_WEIGHTS(w, next * (DEPTH * W_STRIDE) + item + i * ITEMS);

    // 3. The product over this step's tiles.
    if (step >= 0) {
      __local const float4 *x_tile = x_tiles + (step & 1) * (DEPTH * X_STRIDE) + item_row * (ROWS / 4);
      __local const float4 *w_tile = w_tiles + (step & 1) * (DEPTH * W_STRIDE) + item_column;
      #pragma unroll
      for (int k = 0; k < DEPTH; ++k) {
        float4 columns[VECTORS];
        #pragma unroll
        for (int j = 0; j < VECTORS; ++j) columns[j] = w_tile[k * W_STRIDE + j * GROUP_COLUMNS];
        #pragma unroll
        for (int i = 0; i < ROWS; i += 4) {
          const float4 values = x_tile[k * X_STRIDE + i / 4];
          #pragma unroll
          for (int j = 0; j < VECTORS; ++j) {
            sum[i][j] = fma((float4)(values.x), columns[j], sum[i][j]);
            sum[i + 1][j] = fma((float4)(values.y), columns[j], sum[i + 1][j]);
            sum[i + 2][j] = fma((float4)(values.z), columns[j], sum[i + 2][j]);
            sum[i + 3][j] = fma((float4)(values.w), columns[j], sum[i + 3][j]);
          }
        }
      }
    }

    // 4. The next tiles, into the pair that was read a step ago.
    if (step + 1 < STEPS) {
      __local float *x_tile = (__local float *)(x_tiles + (next & 1) * (DEPTH * X_STRIDE));
      #pragma unroll
      for (int i = 0; i < X_LOADS; ++i) {
        const int at = item + i * ITEMS, row = at / (DEPTH / 4), k = at % (DEPTH / 4) * 4;
        scatter4(x_next[i], x_tile + k * (4 * X_STRIDE) + row, 4 * X_STRIDE);
      }
      #pragma unroll
      for (int i = 0; i < W_LOADS; ++i) w_tiles[(next & 1) * (DEPTH * W_STRIDE) + item + i * ITEMS] = w_next[i];
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // the next tiles written before any item reads them, these read by all
  }

  // 5. Epilogue.
  #pragma unroll
  for (int i = 0; i < ROWS; ++i) {
    const int row = first_row + item_row * ROWS + i;
    if (row < rows) {
      #pragma unroll
      for (int j = 0; j < VECTORS; ++j) {
        const int column = panel * PANEL + (j * GROUP_COLUMNS + item_column) * 4;
        float4 value = ACTIVATE(sum[i][j]);
#if RESIDUAL
        value += load4(residual + (size_t)row * OUTPUTS, column, OUTPUTS);
#endif
        store4(value, y + (size_t)row * OUTPUTS, column, OUTPUTS);
      }
    }
  }
}
