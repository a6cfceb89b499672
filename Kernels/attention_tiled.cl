// attention_tiled — softmax(scale · Q · Kᵀ) · V for each head, through tiles of local memory.
//
//   A group holds QUERIES queries of one head and walks its keys in blocks of KEYS. Both products are outer products of
//   columns in local memory: an item has 4 × 4 scores, S = (scale·Q)·Kᵀ, and 4 × 4·CHANNELS sums of O = P·V. The
//   items side by side share four queries: they exchange maxima block by block, but add their sums up only at the end.
//   Nothing of size T × T is stored (Dao et al., arXiv:2205.14135):
//     m' = max(m, max_j s_j)   l' = l·e^(m − m') + Σ_j e^(s_j − m')   o' = o·e^(m − m') + Σ_j e^(s_j − m')·v_j
//
//   qkv  [B, T, 3, HEADS, HEAD_WIDTH]  float  in   query, key and value of a token side by side, as the QKV layer
//                                                  writes them: the split into heads is this indexing
//   y    [B, Q, HEADS, HEAD_WIDTH]     float  out  every element written; must not alias qkv
//   bias  [HEADS, T, ⌈T/64⌉·64]       float  in   read only with BIAS: added to the scores, by head, key and query
//   tokens  T        int    in
//   scale            float  in   1/√HEAD_WIDTH in the paper
//   queries          int    in   queries of a picture that are answered, the first of its tokens: Q
//
//   Launch    ⌈Q/QUERIES⌉ × HEADS × B groups of GROUP_COLUMNS × GROUP_ROWS × 1 items
//   Local     4·(4·WIDTH_QUADS·(GROUP_ROWS + 1) + BLOCK + KEYS·(GROUP_ROWS + 1)) + QUERIES·GROUP_COLUMNS floats
//   Numerics  float32; keys in order. A query's bits depend on no other query. Queries past Q repeat the last one; keys
//             past T get a score of −∞, whose exponential is exactly 0. NaN among the inputs gives NaN
//   Work      4·B·HEADS·Q·T·HEAD_WIDTH flop, 4·B·(3·T + Q)·HEADS·HEAD_WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Attention+OpenCL.swift
//   Definition  Sources/Operations/Reference/Attention.swift
#undef VECTOR
#define VECTOR 4
#include "common.cl"
#include "quad.cl"

// Problem
#ifndef HEADS
  #define HEADS 12
#endif
#ifndef HEAD_WIDTH
  #define HEAD_WIDTH 64   // C
#endif
// Tuning — set by AttentionTiledTuning; any legal value gives the same answer up to rounding.
#ifndef GROUP_COLUMNS
  #define GROUP_COLUMNS 8 // items side by side: four keys of a block each
#endif
#ifndef GROUP_ROWS
  #define GROUP_ROWS 8    // items below each other: four queries each
#endif
#if GROUP_COLUMNS < 1 || GROUP_ROWS < 1
  #error "attention_tiled: GROUP_COLUMNS and GROUP_ROWS must be at least 1"
#endif
#define ITEMS (GROUP_COLUMNS * GROUP_ROWS)
#define QUERIES (4 * GROUP_ROWS)
#define KEYS (4 * GROUP_COLUMNS)
#ifndef BIAS
  #define BIAS 0          // 1: add bias to the scores
#endif
#define ROW (3 * HEADS * HEAD_WIDTH)
#define BIAS_STRIDE(tokens) (((tokens) + 63) / 64 * 64)
#define WIDTH_QUADS ((HEAD_WIDTH + 3) / 4)
#define CHANNELS ((WIDTH_QUADS + GROUP_COLUMNS - 1) / GROUP_COLUMNS)  // float4 of y per query and item
// float4 per row of the tiles of Qᵀ and Pᵀ, of Kᵀ, of V; one more than needed where columns are written, for the banks.
#define Q_STRIDE (GROUP_ROWS + 1)
#define K_STRIDE (GROUP_COLUMNS + 1)
#define V_STRIDE (CHANNELS * GROUP_COLUMNS)
#if 4 * WIDTH_QUADS * K_STRIDE > KEYS * V_STRIDE
  #define BLOCK (4 * WIDTH_QUADS * K_STRIDE)
#else
  #define BLOCK (KEYS * V_STRIDE)
#endif

// tile[i] += column[i]·row for four rows.
#define OUTER_PRODUCT(tile, column, row)               \
  (tile)[0] = fma((float4)((column).x), row, (tile)[0]); \
  (tile)[1] = fma((float4)((column).y), row, (tile)[1]); \
  (tile)[2] = fma((float4)((column).z), row, (tile)[2]); \
  (tile)[3] = fma((float4)((column).w), row, (tile)[3])

__kernel __attribute__((reqd_work_group_size(GROUP_COLUMNS, GROUP_ROWS, 1)))
void attention_tiled(__global const float *restrict qkv, __global const float *restrict bias, __global float *restrict y,
                     const int tokens, const int queries, const float scale) {
  __local float4 query[4 * WIDTH_QUADS * Q_STRIDE];  // scale·Qᵀ
  __local float4 block[BLOCK];                       // Kᵀ, then V, of a block
  __local float4 weights[KEYS * Q_STRIDE];           // Pᵀ of a block
  __local float parts[QUERIES * GROUP_COLUMNS];      // maxima of a block, then sums, by query and item
  const int item_column = get_local_id(0), item_row = get_local_id(1);
  const int item = item_row * GROUP_COLUMNS + item_column;
  const int first_query = get_group_id(0) * QUERIES, head = get_group_id(1), image = get_group_id(2);
  __global const float *query_rows = qkv + (size_t)image * tokens * ROW + head * HEAD_WIDTH;
  __global const float *keys = query_rows + HEADS * HEAD_WIDTH;
  __global const float *values = keys + HEADS * HEAD_WIDTH;
  __local float *own_parts = parts + item_row * 4 * GROUP_COLUMNS;

  // 1. Queries, scaled and transposed.
  for (int i = item; i < QUERIES * WIDTH_QUADS; i += ITEMS) {
    const int row = i / WIDTH_QUADS, c = i % WIDTH_QUADS * 4;
    const float4 q = load4(query_rows + (size_t)min(first_query + row, queries - 1) * ROW, c, HEAD_WIDTH) * scale;
    scatter4(q, (__local float *)query + c * (4 * Q_STRIDE) + row, 4 * Q_STRIDE);
  }
  float4 sums[CHANNELS][4];
  float largest[4], total[4];
  #pragma unroll
  for (int r = 0; r < 4; ++r) {
    largest[r] = -INFINITY;
    total[r] = 0.0f;
    #pragma unroll
    for (int v = 0; v < CHANNELS; ++v) sums[v][r] = (float4)(0.0f);
  }

  for (int first_key = 0; first_key < tokens; first_key += KEYS) {
    const int count = min(KEYS, tokens - first_key);

    // 2. Keys, transposed.
    for (int i = item; i < KEYS * WIDTH_QUADS; i += ITEMS) {
      const int row = i / WIDTH_QUADS, c = i % WIDTH_QUADS * 4;
      const float4 k = load4(keys + (size_t)min(first_key + row, tokens - 1) * ROW, c, HEAD_WIDTH);
      scatter4(k, (__local float *)block + c * (4 * K_STRIDE) + row, 4 * K_STRIDE);
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // queries and keys written before any item reads them

    // 3. Scores.
    float4 scores[4];
    #pragma unroll
    for (int r = 0; r < 4; ++r) scores[r] = (float4)(0.0f);
    #pragma unroll 4
    for (int c = 0; c < HEAD_WIDTH; ++c) {
      const float4 q = query[c * Q_STRIDE + item_row], k = block[c * K_STRIDE + item_column];
      OUTER_PRODUCT(scores, q, k);
    }
#if BIAS
    const int first_own = first_key + 4 * item_column;
    #pragma unroll
    for (int r = 0; r < 4; ++r) {
      // By head, key and query: four keys of one query lie a row apart.
      const int own_query = min(first_query + item_row * 4 + r, queries - 1);
      __global const float *added = bias + (size_t)head * tokens * BIAS_STRIDE(tokens) + own_query;
      #define ADDED(j) added[(size_t)min(first_own + (j), tokens - 1) * BIAS_STRIDE(tokens)]
      scores[r] += (float4)(ADDED(0), ADDED(1), ADDED(2), ADDED(3));
    }
#endif
    const int4 exists = ((int4)(0, 1, 2, 3) + 4 * item_column) < count;
    #pragma unroll
    for (int r = 0; r < 4; ++r) {
      scores[r] = select((float4)(-INFINITY), scores[r], exists);
      own_parts[r * GROUP_COLUMNS + item_column] = v_max(scores[r]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // maxima written before any item reads them; keys read before values replace them

    // 4. Values, in place of the keys.
    for (int i = item; i < count * V_STRIDE; i += ITEMS) {
      block[i] = load4(values + (size_t)(first_key + i / V_STRIDE) * ROW, i % V_STRIDE * 4, HEAD_WIDTH);
    }

    // 5. Weights; what was summed so far, in terms of the new maximum.
    #pragma unroll
    for (int r = 0; r < 4; ++r) {
      float block_largest = largest[r];
      for (int i = 0; i < GROUP_COLUMNS; ++i) block_largest = fmax(block_largest, own_parts[r * GROUP_COLUMNS + i]);
      const float correction = exp(largest[r] - block_largest);
      largest[r] = block_largest;
      scores[r] = exp(scores[r] - block_largest);
      total[r] = fma(total[r], correction, v_sum(scores[r]));
      #pragma unroll
      for (int v = 0; v < CHANNELS; ++v) sums[v][r] *= correction;
      scatter4(scores[r], (__local float *)weights + item_column * (16 * Q_STRIDE) + item_row * 4 + r, 4 * Q_STRIDE);
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // values and weights written before any item reads them

    // 6. The weighted values.
    for (int j = 0; j < count; ++j) {
      const float4 p = weights[j * Q_STRIDE + item_row];
      #pragma unroll
      for (int v = 0; v < CHANNELS; ++v) {
        const float4 value = block[j * V_STRIDE + v * GROUP_COLUMNS + item_column];
        OUTER_PRODUCT(sums[v], p, value);
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // values, weights and maxima read before the next block replaces them
  }

  // 7. Normalized.
  #pragma unroll
  for (int r = 0; r < 4; ++r) own_parts[r * GROUP_COLUMNS + item_column] = total[r];
  barrier(CLK_LOCAL_MEM_FENCE);  // sums written before any item adds them up
  #pragma unroll
  for (int r = 0; r < 4; ++r) {
    float sum = 0.0f;
    for (int i = 0; i < GROUP_COLUMNS; ++i) sum += own_parts[r * GROUP_COLUMNS + i];
    const int token = first_query + item_row * 4 + r;
    if (token < queries) {
      __global float *target = y + (((size_t)image * queries + token) * HEADS + head) * HEAD_WIDTH;
      #pragma unroll
      for (int v = 0; v < CHANNELS; ++v) {
        store4(sums[v][r] / sum, target, (v * GROUP_COLUMNS + item_column) * 4, HEAD_WIDTH);
      }
    }
  }
}
