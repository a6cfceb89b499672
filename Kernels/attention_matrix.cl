// attention_matrix — softmax(scale · Q · Kᵀ) · V for each head by the matrix instructions of a device.
//
//   A wave has as many queries as a product of matrix.cl has on that side whose factors are laid out as sums are: 16 rows,
//   or the columns of Sᵀ = K·Qᵀ and Oᵀ = Vᵀ·Pᵀ. So the weights P = exp(S − m) become a factor of the next product where
//   they are, and never leave their lanes. The group walks the keys in blocks of KEYS (Dao et al., arXiv:2205.14135):
//     m' = max(m, max_j s_j)   l' = l·2^(m − m') + Σ_j 2^(s_j − m')   o' = o·2^(m − m') + Σ_j 2^(s_j − m')·v_j
//   with scores in units of ln 2.
//
//   qkv  [B, T, 3, HEADS, HEAD_WIDTH]  float  in   as attention_tiled.cl; with NARROW_INPUT [B, T, INPUT_STRIDE] operands
//   y    [B, Q, HEADS, HEAD_WIDTH]     float  out  every element written; must not alias qkv; with NARROW_OUTPUT
//                                                  [B, Q, OUTPUT_STRIDE] operands, zero past HEADS · HEAD_WIDTH
//   bias  [HEADS, T, ⌈T/64⌉·64]       float  in   read only with BIAS: added to the scores, by head, key and query
//   tokens  T        int    in
//   queries          int    in   queries of a picture that are answered, the first of its tokens: Q
//   scale            float  in   1/√HEAD_WIDTH in the paper
//
//   Launch    ⌈Q/QUERIES⌉ × HEADS × B groups of ITEMS × 1 × 1 items
//   Local     (QUERIES + KEYS) · STRIDE + VALUES chunks of 16 bytes
//   Numerics  factors rounded to operands, weights among them; products exact, sums, maxima and exponentials float32. A
//             query's bits depend on no other query. Queries past Q repeat the last one; keys past T get a score of −∞,
//             whose exponential is exactly 0. NaN among the inputs gives NaN
//   Work      4·B·HEADS·T²·HEAD_WIDTH flop, 16·B·T·HEADS·HEAD_WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Attention+Matrix.swift
//   Definition  Sources/Operations/Reference/Attention.swift
#include "matrix.cl"
#include "common.cl"

// Problem
#ifndef HEADS
  #define HEADS 12
#endif
#ifndef HEAD_WIDTH
  #define HEAD_WIDTH 64    // C
#endif
#ifndef BIAS
  #define BIAS 0           // 1: add bias to the scores
#endif
#ifndef NARROW_INPUT
  #define NARROW_INPUT 0   // 1: qkv is operands
#endif
#ifndef NARROW_OUTPUT
  #define NARROW_OUTPUT 0  // 1: y is operands, for another product
#endif
// Tuning — any legal value gives the same answer up to rounding.
#ifndef WAVES
  #define WAVES 4          // of a group
#endif
#ifndef KEYS
  #define KEYS (IS_DPAS ? 16 : 32)  // of a block
#endif
#ifndef HOLD_QUERIES
  #define HOLD_QUERIES (!IS_DPAS)  // 1: queries stay in registers; 0: they are loaded for each block
#endif
#if HEAD_WIDTH % 8 != 0 || KEYS % 16 != 0
  #error "attention_matrix: HEAD_WIDTH must be a multiple of 8, KEYS of 16"
#endif
#define ITEMS (WAVES * LANES)
#define WAVE_QUERIES MATRIX_COLUMNS                   // 16 rows as well where the sums are an A
#define QUERIES (WAVES * WAVE_QUERIES)
#define WIDTH (HEADS * HEAD_WIDTH)
#define INPUT_STRIDE ((3 * WIDTH + 31) / 32 * 32)     // operands per row of qkv
#define OUTPUT_STRIDE ((WIDTH + 31) / 32 * 32)
#define BIAS_STRIDE(tokens) (((tokens) + 63) / 64 * 64)
#define KEY_TILES (KEYS / 16)
#define WIDTH_TILES ((HEAD_WIDTH + 15) / 16)
#define CHUNKS (2 * WIDTH_TILES)                      // of 8 operands per query, key and value
#define STRIDE (CHUNKS | 1)                           // chunks per row in local memory, odd for the banks
#if TRANSPOSING
  #define VALUES (KEYS * STRIDE)                      // V: rows of keys
#else
  #define V_STRIDE (KEYS / 8 | 1)
  #define VALUES (16 * WIDTH_TILES * V_STRIDE)        // Vᵀ: rows of channels
#endif
#define LOG2_E 1.44269504f

// The side of queries and the side of keys. A lane has sums of SLOTS queries; lanes that share a query differ in the bits
// from FIRST_MASK to below END_MASK.
#if SUMS_ARE_A
typedef fragment_a query_fragment;
  #define SLOTS 2
  #define SLOT(e) ((e) / 2 % 2)
  #define SLOT_QUERY(lane, slot) ((lane) / 4 + (slot) * 8)
  #define SUM_KEY(lane, e) SUM_COLUMN(lane, e)
  #define FIRST_MASK 1
  #define END_MASK 4
  #define LOAD_QUERIES load_a
  #define MULTIPLY_KEYS(sums, queries, row, chunk) \
    multiply(sums, queries, load_b(keys, STRIDE, row, chunk, now), now)
  #define MULTIPLY_VALUES(sums, weights, key, channel) \
    multiply(sums, weights, load_b_transposed(values, STRIDE, key, (channel) / 8, now), now)
#else
typedef fragment_b query_fragment;
  #define SLOTS 1
  #define SLOT(e) 0
  #define SLOT_QUERY(lane, slot) SUM_COLUMN(lane, 0)
  #define SUM_KEY(lane, e) SUM_ROW(lane, e)
  #define FIRST_MASK MATRIX_COLUMNS
  #define END_MASK LANES
  #define LOAD_QUERIES load_b
  #define MULTIPLY_KEYS(sums, queries, row, chunk) \
    multiply(sums, load_a(keys, STRIDE, row, chunk, now), queries, now)
  #define MULTIPLY_VALUES(sums, weights, key, channel) \
    multiply(sums, load_a(values, V_STRIDE, channel, (key) / 8, now), weights, now)
#endif

// Eight operands of a row of qkv from channel on; zeros where the head has ended.
#if NARROW_INPUT
typedef ushort input;
  #define ROW INPUT_STRIDE
static inline uint4 load_chunk(__global const ushort *row, int channel) {
  return channel < HEAD_WIDTH ? *(__global const uint4 *)(row + channel) : (uint4)(0);
}
#else
typedef float input;
  #define ROW (3 * WIDTH)
static inline uint4 load_chunk(__global const float *row, int channel) {
  if (channel >= HEAD_WIDTH) return (uint4)(0);
  const float4 low = ((__global const float4 *)(row + channel))[0], high = ((__global const float4 *)(row + channel))[1];
  return (uint4)(operand_pair(low.x, low.y), operand_pair(low.z, low.w), operand_pair(high.x, high.y),
                 operand_pair(high.z, high.w));
}
#endif

#if !TRANSPOSING
// Eight channels of two neighbouring keys as words of eight rows of Vᵀ.
static inline void scatter_pairs(uint4 even, uint4 odd, __local uint *column) {
  const uint evens[4] = {even.x, even.y, even.z, even.w}, odds[4] = {odd.x, odd.y, odd.z, odd.w};
  UNROLL
  for (int i = 0; i < 4; ++i) {
    column[2 * i * (4 * V_STRIDE)] = (evens[i] & 0xffffu) | (odds[i] << 16);
    column[(2 * i + 1) * (4 * V_STRIDE)] = (evens[i] >> 16) | (odds[i] & 0xffff0000u);
  }
}
#endif

__kernel MATRIX_ATTRIBUTES __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void attention_matrix(__global const input *restrict qkv, __global const float *restrict bias, __global void *restrict y,
                      const int tokens, const int queries, const float scale) {
  __local uint4 query[QUERIES * STRIDE];
  __local uint4 keys[KEYS * STRIDE];
  __local uint4 values[VALUES];
  MATRIX_MEMORY(WAVES);
  const int item = get_local_id(0);
  const wave self = MATRIX_WAVE(item);
  const int first_query = get_group_id(0) * QUERIES, head = get_group_id(1), image = get_group_id(2);
  const int wave_query = item / LANES * WAVE_QUERIES;
  __global const input *query_rows = qkv + (size_t)image * tokens * ROW + head * HEAD_WIDTH;
  __global const input *key_rows = query_rows + WIDTH, *value_rows = key_rows + WIDTH;

  // 1. Queries.
  for (int i = item; i < QUERIES * CHUNKS; i += ITEMS) {
    const int row = min(first_query + i / CHUNKS, queries - 1);
    query[i / CHUNKS * STRIDE + i % CHUNKS] = load_chunk(query_rows + (size_t)row * ROW, i % CHUNKS * 8);
  }
#if HOLD_QUERIES
  barrier(CLK_LOCAL_MEM_FENCE);  // queries written before any item reads them
  query_fragment held[WIDTH_TILES];
  UNROLL
  for (int c = 0; c < WIDTH_TILES; ++c) held[c] = LOAD_QUERIES(query, STRIDE, wave_query, 2 * c, self);
#endif
  float sum[WIDTH_TILES][SUMS], largest[SLOTS], total[SLOTS];
  UNROLL
  for (int c = 0; c < WIDTH_TILES; ++c) {
    UNROLL
    for (int e = 0; e < SUMS; ++e) sum[c][e] = 0.0f;
  }
  UNROLL
  for (int s = 0; s < SLOTS; ++s) {
    largest[s] = -INFINITY;
    total[s] = 0.0f;
  }

  for (int first_key = 0; first_key < tokens; first_key += KEYS) {
    // 2. Keys and values of the block. Past the end the last one is read again.
    barrier(CLK_LOCAL_MEM_FENCE);  // the last block read before this one replaces it
    for (int i = item; i < KEYS * CHUNKS; i += ITEMS) {
      const int row = min(first_key + i / CHUNKS, tokens - 1);
      keys[i / CHUNKS * STRIDE + i % CHUNKS] = load_chunk(key_rows + (size_t)row * ROW, i % CHUNKS * 8);
#if TRANSPOSING
      values[i / CHUNKS * STRIDE + i % CHUNKS] = load_chunk(value_rows + (size_t)row * ROW, i % CHUNKS * 8);
#endif
    }
#if !TRANSPOSING
    for (int i = item; i < KEYS / 2 * CHUNKS; i += ITEMS) {
      const int pair = i / CHUNKS, channel = i % CHUNKS * 8;
      const int even = min(first_key + 2 * pair, tokens - 1), odd = min(first_key + 2 * pair + 1, tokens - 1);
      scatter_pairs(load_chunk(value_rows + (size_t)even * ROW, channel), load_chunk(value_rows + (size_t)odd * ROW, channel),
                    (__local uint *)(values + channel * V_STRIDE) + pair);
    }
#endif
    barrier(CLK_LOCAL_MEM_FENCE);  // keys and values written before any item reads them

    const wave now = inside_loop(self, first_key);

    // 3. Scores. Tiles past the end are left out.
    float score[KEY_TILES][SUMS];
    UNROLL
    for (int k = 0; k < KEY_TILES; ++k) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) score[k][e] = 0.0f;
      if (first_key + k * 16 < tokens) {
        UNROLL
        for (int c = 0; c < WIDTH_TILES; ++c) {
#if HOLD_QUERIES
          MULTIPLY_KEYS(score[k], held[c], k * 16, 2 * c);
#else
          MULTIPLY_KEYS(score[k], LOAD_QUERIES(query, STRIDE, wave_query, 2 * c, now), k * 16, 2 * c);
#endif
        }
      }
    }

    // 4. Maxima.
    float block_largest[SLOTS];
    UNROLL
    for (int s = 0; s < SLOTS; ++s) block_largest[s] = largest[s];
    UNROLL
    for (int k = 0; k < KEY_TILES; ++k) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) {
        const int key = first_key + k * 16 + SUM_KEY(self.lane, e);
        float value = score[k][e] * (scale * LOG2_E);
#if BIAS
        const int row = min(first_query + wave_query + SLOT_QUERY(self.lane, SLOT(e)), queries - 1);
        value = fma(bias[((size_t)head * tokens + min(key, tokens - 1)) * BIAS_STRIDE(tokens) + row], LOG2_E, value);
#endif
        score[k][e] = key < tokens ? value : -INFINITY;
        block_largest[SLOT(e)] = fmax(block_largest[SLOT(e)], score[k][e]);
      }
    }
    float correction[SLOTS];
    UNROLL
    for (int s = 0; s < SLOTS; ++s) {
      for (int mask = FIRST_MASK; mask < END_MASK; mask *= 2) {
        block_largest[s] = fmax(block_largest[s], exchange(block_largest[s], mask, self));
      }
      correction[s] = power_of_2(largest[s] - block_largest[s]);
      largest[s] = block_largest[s];
      total[s] *= correction[s];
    }

    // 5. Weights, and the weighted values.
    UNROLL
    for (int c = 0; c < WIDTH_TILES; ++c) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) sum[c][e] *= correction[SLOT(e)];
    }
    UNROLL
    for (int k = 0; k < KEY_TILES; ++k) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) {
        score[k][e] = power_of_2(score[k][e] - largest[SLOT(e)]);
        total[SLOT(e)] += score[k][e];
      }
      if (first_key + k * 16 < tokens) {
        const query_fragment weights = operand_fragment(score[k], self);
        UNROLL
        for (int c = 0; c < WIDTH_TILES; ++c) MULTIPLY_VALUES(sum[c], weights, k * 16, c * 16);
      }
    }
  }

  // 6. Normalized.
  UNROLL
  for (int s = 0; s < SLOTS; ++s) {
    for (int mask = FIRST_MASK; mask < END_MASK; mask *= 2) total[s] += exchange(total[s], mask, self);
  }
  UNROLL
  for (int e = 0; e < SUMS; e += VECTOR) {
    const int row = first_query + wave_query + SLOT_QUERY(self.lane, SLOT(e));
    if (row < queries) {
      UNROLL
      for (int c = 0; c < WIDTH_TILES; ++c) {
        const int channel = c * 16 + SUM_KEY(self.lane, e);
        const vfloat value = v_load(sum[c] + e) / total[SLOT(e)];
#if NARROW_OUTPUT
        __global ushort *target = (__global ushort *)y + ((size_t)image * queries + row) * OUTPUT_STRIDE;
        store_operands(value, target + head * HEAD_WIDTH, channel, HEAD_WIDTH);
#else
        __global float *target = (__global float *)y + ((size_t)image * queries + row) * WIDTH;
        store_run(value, target + head * HEAD_WIDTH, channel, HEAD_WIDTH);
#endif
      }
    }
  }
#if NARROW_OUTPUT && WIDTH < OUTPUT_STRIDE
  for (int i = item; i < QUERIES * (OUTPUT_STRIDE - WIDTH); i += ITEMS) {
    const int row = first_query + i / (OUTPUT_STRIDE - WIDTH);
    if (head == HEADS - 1 && row < queries) {
      ((__global ushort *)y)[((size_t)image * queries + row) * OUTPUT_STRIDE + WIDTH + i % (OUTPUT_STRIDE - WIDTH)] = 0;
    }
  }
#endif
}
