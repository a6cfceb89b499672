// attention_matrix — softmax(scale · Q · Kᵀ) · V for each head by the matrix instructions of a device.
//
//   A wave has as many queries as a product of matrix.cl has on that side whose factors are laid out as sums are: 16 rows,
//   or the columns of Sᵀ = K·Qᵀ and Oᵀ = Vᵀ·Pᵀ. So the weights P = exp(S − m) become a factor of the next product where
//   they are, and never leave their lanes. The group walks the keys in blocks of KEYS (Dao et al., arXiv:2205.14135):
//     m' = max(m, max_j s_j)   l' = l·2^(m − m') + Σ_j 2^(s_j − m')   o' = o·2^(m − m') + Σ_j 2^(s_j − m')·v_j
//   with scores in units of ln 2. Each fragment of keys and values that a wave loads serves its QUERY_TILES such products.
//   Where there is cp.async the next block comes while the group works on one.
//
//   qkv  [B, T, 3, HEADS, HEAD_WIDTH]  float  in   as attention_tiled.cl; with NARROW_INPUT [B, T, INPUT_STRIDE] operands
//   y    [B, Q, HEADS, HEAD_WIDTH]     float  out  every element written; must not alias qkv; with NARROW_OUTPUT
//                                                  1 [B, Q, OUTPUT_STRIDE] operands, zero past HEADS · HEAD_WIDTH; with
//                                                  2 all B · Q rows as swizzle.cl has them
//   bias  [HEADS, T, ⌈T/64⌉·64]       float  in   read only with BIAS: added to the scores, by head, key and query
//   tokens  T        int    in
//   queries          int    in   queries of a picture that are answered, the first of its tokens: Q
//   scale            float  in   1/√HEAD_WIDTH in the paper; not negative
//
//   Launch    ⌈Q/QUERIES⌉ × HEADS × B groups of ITEMS × 1 × 1 items
//   Local     MEMORY chunks of 16 bytes: STAGES blocks of keys and values, where queries come before and results after them
//   Numerics  factors rounded to operands, weights among them; products exact, sums, maxima and exponentials float32. A
//             query's bits depend on no other query. Queries past Q repeat the last one; keys past T get a score of −∞,
//             whose exponential is exactly 0. NaN among the inputs gives NaN
//   Work      4·B·HEADS·Q·T·HEAD_WIDTH flop, 4·B·(3·T + Q)·HEADS·HEAD_WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Attention+Matrix.swift
//   Definition  Sources/Operations/Reference/Attention.swift
#include "matrix.cl"
#include "common.cl"
#include "swizzle.cl"

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
  #define NARROW_OUTPUT 0  // 1: y is operands, for another product; 2: as swizzle.cl has them
#endif
// Tuning — any legal value gives the same answer up to rounding.
#ifndef WAVES
  #define WAVES 4          // of a group
#endif
#ifndef QUERY_TILES
  #define QUERY_TILES 1    // products of a wave, of as many queries each
#endif
#ifndef KEYS
  #define KEYS (IS_SUBGROUP ? 16 : 32)  // of a block
#endif
#ifndef HOLD_QUERIES
  #define HOLD_QUERIES (!IS_SUBGROUP)  // 1: queries stay in registers; 0: they are loaded for each block
#endif
#ifndef WHOLE_APART
  #define WHOLE_APART (MATRIX == 1 && !EMULATED)  // 1: blocks that are whole have code of their own
#endif
#if HEAD_WIDTH % 8 != 0 || KEYS % 16 != 0
  #error "attention_matrix: HEAD_WIDTH must be a multiple of 8, KEYS of 16"
#endif
#define ITEMS (WAVES * LANES)
#define WAVE_QUERIES (QUERY_TILES * MATRIX_COLUMNS)   // a product has 16 rows as well where the sums are an A
#define QUERIES (WAVES * WAVE_QUERIES)
#define WIDTH (HEADS * HEAD_WIDTH)
#define INPUT_STRIDE ((3 * WIDTH + 31) / 32 * 32)     // operands per row of qkv
#define OUTPUT_STRIDE (NARROW_OUTPUT == 2 ? (WIDTH + 63) / 64 * 64 : (WIDTH + 31) / 32 * 32)
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
#define ASYNCHRONOUS (MATRIX == 1 && NARROW_INPUT)
#define STAGES (ASYNCHRONOUS ? 2 : 1)                 // blocks in local memory
#define BLOCK (KEYS * STRIDE + VALUES)
#define QUERY_PLACE ((HOLD_QUERIES ? STAGES - 1 : STAGES) * BLOCK)  // where no block comes before they have been read
#define QUERY_END (QUERY_PLACE + QUERIES * STRIDE)
#define MEMORY (STAGES * BLOCK > QUERY_END ? STAGES * BLOCK : QUERY_END)
#define LOG2_E 1.44269504f

// The side of queries and the side of keys. A lane has sums of SLOTS queries; lanes that share a query differ in the bits
// from FIRST_MASK to below END_MASK.
#if SUMS_ARE_A
typedef fragment_a query_fragment;
typedef fragment_b key_fragment;
  #define SLOTS 2
  #define SLOT(e) ((e) / 2 % 2)
  #define SLOT_QUERY(lane, slot) ((lane) / 4 + (slot) * 8)
  #define SUM_KEY(lane, e) SUM_COLUMN(lane, e)
  #define FIRST_MASK 1
  #define END_MASK 4
  #define LOAD_QUERIES load_a
  #define LOAD_KEYS load_b
  #define LOAD_VALUES(values, key, channel, self) load_b_transposed(values, STRIDE, key, (channel) / 8, self)
  #define MULTIPLY(sums, queries, keys, self) multiply(sums, queries, keys, self)
#else
typedef fragment_b query_fragment;
typedef fragment_a key_fragment;
  #define SLOTS 1
  #define SLOT(e) 0
  #define SLOT_QUERY(lane, slot) SUM_COLUMN(lane, 0)
  #define SUM_KEY(lane, e) SUM_ROW(lane, e)
  #define FIRST_MASK MATRIX_COLUMNS
  #define END_MASK LANES
  #define LOAD_QUERIES load_b
  #define LOAD_KEYS load_a
  #define LOAD_VALUES(values, key, channel, self) load_a(values, V_STRIDE, channel, (key) / 8, self)
  #define MULTIPLY(sums, queries, keys, self) multiply(sums, keys, queries, self)
#endif

// A wave that has no query works on none, where none of its lanes waits for another wave in a product.
#define MAY_REST (IS_PTX && !EMULATED)
#define SCORE_FACTOR (BIAS ? 1.0f : w->scale)         // with a bias the score is scaled before

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

#if ASYNCHRONOUS && !EMULATED
// Where the head has ended it reads nothing and writes zeros.
static inline void copy_chunk(__local uint4 *target, __global const ushort *row, int channel) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               : : "l"(target), "l"(row + min(channel, HEAD_WIDTH - 8)), "r"(channel < HEAD_WIDTH ? 16 : 0) : "memory");
}
  #define copies_wait() asm volatile("cp.async.wait_all;" : : : "memory")
#else
static inline void copy_chunk(__local uint4 *target, __global const input *row, int channel) {
  *target = load_chunk(row, channel);
}
  #define copies_wait()
#endif

// Rows of a head to local memory. Past the end the last one is read again. (Always inlined: PoCL 3.1 loses a kernel's local
// array in a function that is called with no other.)
static inline __attribute__((always_inline))
void copy_rows(__local uint4 *target, __global const input *rows, int count, int first, int end) {
#if ITEMS % CHUNKS == 0
  // An item's chunks are in the same place of rows that are as far apart.
  const int line = get_local_id(0) / CHUNKS, chunk = get_local_id(0) % CHUNKS;
  target += line * STRIDE + chunk;
  UNROLL
  for (int row = 0; row < count; row += ITEMS / CHUNKS) {
    if (count % (ITEMS / CHUNKS) == 0 || row + line < count) {
      copy_chunk(target + row * STRIDE, rows + (size_t)min(first + row + line, end - 1) * ROW, chunk * 8);
    }
  }
#else
  for (int i = get_local_id(0); i < count * CHUNKS; i += ITEMS) {
    const int row = min(first + i / CHUNKS, end - 1);
    copy_chunk(target + (i / CHUNKS * STRIDE + i % CHUNKS), rows + (size_t)row * ROW, i % CHUNKS * 8);
  }
#endif
}

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

// Keys and values of a block.
static inline __attribute__((always_inline))
void copy_block(__local uint4 *keys, __global const input *key_rows, int first_key, int tokens) {
  __global const input *value_rows = key_rows + WIDTH;
  __local uint4 *values = keys + KEYS * STRIDE;
  copy_rows(keys, key_rows, KEYS, first_key, tokens);
#if TRANSPOSING
  copy_rows(values, value_rows, KEYS, first_key, tokens);
#else
  for (int i = get_local_id(0); i < KEYS / 2 * CHUNKS; i += ITEMS) {
    const int pair = i / CHUNKS, channel = i % CHUNKS * 8;
    const int even = min(first_key + 2 * pair, tokens - 1), odd = min(first_key + 2 * pair + 1, tokens - 1);
    scatter_pairs(load_chunk(value_rows + (size_t)even * ROW, channel), load_chunk(value_rows + (size_t)odd * ROW, channel),
                  (__local uint *)(values + channel * V_STRIDE) + pair);
  }
#endif
}

// A wave's queries, and what has come of them.
typedef struct {
  float sum[QUERY_TILES][WIDTH_TILES][SUMS], largest[QUERY_TILES][SLOTS], total[QUERY_TILES][SLOTS];
#if HOLD_QUERIES
  query_fragment held[QUERY_TILES][WIDTH_TILES];
#else
  __local const uint4 *rows;
#endif
#if BIAS
  __global const float *bias;  // of the head
  int first, end;              // of the queries, in the picture
#endif
  float scale;                 // makes a score a power of 2
} wave_queries;

#if HOLD_QUERIES
  #define QUERY_FRAGMENT(t, c) w->held[t][c]
#else
  #define QUERY_FRAGMENT(t, c) loaded[t]
#endif

// A block of keys and values; one that is whole needs no question where the keys end. (Always inlined: what a wave holds
// must be registers.)
static inline __attribute__((always_inline))
void attend(wave_queries *w, __local const uint4 *keys, int first_key, int tokens, bool is_whole, wave self) {
  __local const uint4 *values = keys + KEYS * STRIDE;

  // 1. Scores. Tiles past the end are left out.
  float score[QUERY_TILES][KEY_TILES][SUMS];
  UNROLL
  for (int t = 0; t < QUERY_TILES; ++t) {
    UNROLL
    for (int k = 0; k < KEY_TILES; ++k) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) score[t][k][e] = 0.0f;
    }
  }
  UNROLL
  for (int c = 0; c < WIDTH_TILES; ++c) {
#if !HOLD_QUERIES
    query_fragment loaded[QUERY_TILES];
    UNROLL
    for (int t = 0; t < QUERY_TILES; ++t) loaded[t] = LOAD_QUERIES(w->rows, STRIDE, t * MATRIX_COLUMNS, 2 * c, self);
#endif
    UNROLL
    for (int k = 0; k < KEY_TILES; ++k) {
      if (is_whole || first_key + k * 16 < tokens) {
        const key_fragment factors = LOAD_KEYS(keys, STRIDE, k * 16, 2 * c, self);
        UNROLL
        for (int t = 0; t < QUERY_TILES; ++t) MULTIPLY(score[t][k], QUERY_FRAGMENT(t, c), factors, self);
      }
    }
  }
#if BIAS
  UNROLL
  for (int t = 0; t < QUERY_TILES; ++t) {
    UNROLL
    for (int k = 0; k < KEY_TILES; ++k) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) {
        const int key = min(first_key + k * 16 + SUM_KEY(self.lane, e), tokens - 1);
        const int row = w->first + t * MATRIX_COLUMNS + SLOT_QUERY(self.lane, SLOT(e));
        const float added = w->bias[(size_t)key * BIAS_STRIDE(tokens) + min(row, w->end - 1)];
        score[t][k][e] = fma(added, LOG2_E, score[t][k][e] * w->scale);
      }
    }
  }
#endif
  if (!is_whole && first_key + KEYS > tokens) {
    UNROLL
    for (int k = 0; k < KEY_TILES; ++k) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) {
        const bool is_past = first_key + k * 16 + SUM_KEY(self.lane, e) >= tokens;
        UNROLL
        for (int t = 0; t < QUERY_TILES; ++t) score[t][k][e] = is_past ? -INFINITY : score[t][k][e];
      }
    }
  }

  // 2. Maxima, and the weights.
  UNROLL
  for (int t = 0; t < QUERY_TILES; ++t) {
    float block_largest[SLOTS], correction[SLOTS], offset[SLOTS];
    UNROLL
    for (int s = 0; s < SLOTS; ++s) block_largest[s] = w->largest[t][s];
    UNROLL
    for (int k = 0; k < KEY_TILES; ++k) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) block_largest[SLOT(e)] = fmax(block_largest[SLOT(e)], score[t][k][e]);
    }
    UNROLL
    for (int s = 0; s < SLOTS; ++s) {
      UNROLL
      for (int mask = FIRST_MASK; mask < END_MASK; mask *= 2) {
        block_largest[s] = fmax(block_largest[s], exchange(block_largest[s], mask, self));
      }
      offset[s] = -block_largest[s] * SCORE_FACTOR;
      correction[s] = power_of_2(fma(w->largest[t][s], SCORE_FACTOR, offset[s]));
      w->largest[t][s] = block_largest[s];
      w->total[t][s] *= correction[s];
    }
    UNROLL
    for (int c = 0; c < WIDTH_TILES; ++c) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) w->sum[t][c][e] *= correction[SLOT(e)];
    }
    UNROLL
    for (int k = 0; k < KEY_TILES; ++k) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) {
        score[t][k][e] = power_of_2(fma(score[t][k][e], SCORE_FACTOR, offset[SLOT(e)]));
        w->total[t][SLOT(e)] += score[t][k][e];
      }
    }
  }

  // 3. The weighted values.
  UNROLL
  for (int k = 0; k < KEY_TILES; ++k) {
    if (is_whole || first_key + k * 16 < tokens) {
      query_fragment weights[QUERY_TILES];
      UNROLL
      for (int t = 0; t < QUERY_TILES; ++t) weights[t] = operand_fragment(score[t][k], self);
      UNROLL
      for (int c = 0; c < WIDTH_TILES; ++c) {
        const key_fragment factors = LOAD_VALUES(values, k * 16, c * 16, self);
        UNROLL
        for (int t = 0; t < QUERY_TILES; ++t) MULTIPLY(w->sum[t][c], weights[t], factors, self);
      }
    }
  }
}

#if NARROW_OUTPUT
// VECTOR neighbours of a query's result.
static inline void store_result(vfloat v, __local uint4 *row, int channel) {
  #if VECTOR == 2
  ((__local uint *)row)[channel / 2] = operand_pair(storable(v.x), storable(v.y));
  #else
  ((__local ushort *)row)[channel] = (ushort)operand_pair(storable(v), 0.0f);
  #endif
}
#endif

__kernel MATRIX_ATTRIBUTES __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void attention_matrix(__global const input *restrict qkv, __global const float *restrict bias, __global void *restrict y,
                      const int tokens, const int queries, const float scale) {
  __local uint4 memory[MEMORY];
  MATRIX_MEMORY(WAVES);
  const int item = get_local_id(0);
  const wave self = MATRIX_WAVE(item);
  const int first_query = get_group_id(0) * QUERIES, head = get_group_id(1), image = get_group_id(2);
  const int wave_query = item / LANES * WAVE_QUERIES;
  const bool works = !MAY_REST || first_query + wave_query < queries;
  __global const input *query_rows = qkv + (size_t)image * tokens * ROW + head * HEAD_WIDTH;
  __global const input *key_rows = query_rows + WIDTH;
  __local const uint4 *query = memory + QUERY_PLACE;

  // 1. Queries, and the first block.
  copy_rows(memory + QUERY_PLACE, query_rows, QUERIES, first_query, queries);
#if STAGES == 2
  copy_block(memory, key_rows, 0, tokens);
#endif
  wave_queries w;
#if HOLD_QUERIES
  copies_wait();
  barrier(CLK_LOCAL_MEM_FENCE);  // queries written before any item reads them
  UNROLL
  for (int t = 0; t < QUERY_TILES; ++t) {
    UNROLL
    for (int c = 0; c < WIDTH_TILES; ++c) {
      w.held[t][c] = LOAD_QUERIES(query, STRIDE, wave_query + t * MATRIX_COLUMNS, 2 * c, self);
    }
  }
#else
  w.rows = query + wave_query * STRIDE;
#endif
#if BIAS
  w.bias = bias + (size_t)head * tokens * BIAS_STRIDE(tokens);
  w.first = first_query + wave_query;
  w.end = queries;
#endif
  // A product with −∞ is to be −∞ where the scale is 0, too.
  w.scale = scale == 0.0f ? FLT_MIN : scale * LOG2_E;
  UNROLL
  for (int t = 0; t < QUERY_TILES; ++t) {
    UNROLL
    for (int c = 0; c < WIDTH_TILES; ++c) {
      UNROLL
      for (int e = 0; e < SUMS; ++e) w.sum[t][c][e] = 0.0f;
    }
    UNROLL
    for (int s = 0; s < SLOTS; ++s) {
      w.largest[t][s] = -INFINITY;
      w.total[t][s] = 0.0f;
    }
  }

  for (int first_key = 0; first_key < tokens; first_key += KEYS) {
    // 2. The block.
    copies_wait();
    barrier(CLK_LOCAL_MEM_FENCE);  // what is replaced has been read by all; where blocks come ahead, this one is written
#if STAGES == 2
    __local const uint4 *keys = memory + first_key / KEYS % 2 * BLOCK;
    if (first_key + KEYS < tokens) {
      copy_block(memory + (first_key / KEYS + 1) % 2 * BLOCK, key_rows, first_key + KEYS, tokens);
    }
#else
    __local const uint4 *keys = memory;
    copy_block(memory, key_rows, first_key, tokens);
    barrier(CLK_LOCAL_MEM_FENCE);  // keys and values written before any item reads them
#endif
    const wave now = inside_loop(self, first_key);

    if (works) {
      if (WHOLE_APART && first_key + KEYS <= tokens) {
        attend(&w, keys, first_key, tokens, true, now);
      } else {
        attend(&w, keys, first_key, tokens, false, now);
      }
    }
  }

  // 3. Normalized: operands by way of local memory, for whole chunks go out at once.
  barrier(CLK_LOCAL_MEM_FENCE);  // the last block read before results replace it
  UNROLL
  for (int t = 0; t < QUERY_TILES; ++t) {
    UNROLL
    for (int s = 0; s < SLOTS; ++s) {
      for (int mask = FIRST_MASK; mask < END_MASK; mask *= 2) w.total[t][s] += exchange(w.total[t][s], mask, self);
      w.total[t][s] = 1.0f / w.total[t][s];
    }
    UNROLL
    for (int e = 0; e < SUMS; e += VECTOR) {
      const int row = wave_query + t * MATRIX_COLUMNS + SLOT_QUERY(self.lane, SLOT(e));
      UNROLL
      for (int c = 0; c < WIDTH_TILES; ++c) {
        const int channel = c * 16 + SUM_KEY(self.lane, e);
        const vfloat value = v_load(w.sum[t][c] + e) * w.total[t][SLOT(e)];
#if NARROW_OUTPUT
        store_result(value, memory + row * STRIDE, channel);
#else
        __global float *target = (__global float *)y + ((size_t)image * queries + first_query + row) * WIDTH;
        if (first_query + row < queries) store_run(value, target + head * HEAD_WIDTH, channel, HEAD_WIDTH);
#endif
      }
    }
  }
#if NARROW_OUTPUT
  barrier(CLK_LOCAL_MEM_FENCE);  // results written before any item reads them
  // Behind the last head come the zeros past WIDTH.
  const int chunks = (HEAD_WIDTH + (head == HEADS - 1 ? OUTPUT_STRIDE - WIDTH : 0)) / 8;
  for (int i = item; i < QUERIES * chunks; i += ITEMS) {
    const int row = i / chunks, chunk = i % chunks, channel = head * HEAD_WIDTH + chunk * 8;
    if (first_query + row < queries) {
      const int line = image * queries + first_query + row;
  #if NARROW_OUTPUT == 2
      const size_t place = swizzled(line, channel, get_num_groups(2) * queries);
  #else
      const size_t place = (size_t)line * OUTPUT_STRIDE + channel;
  #endif
      ((__global uint4 *)y)[place / 8] = chunk < HEAD_WIDTH / 8 ? memory[row * STRIDE + chunk] : (uint4)(0);
    }
  }
#endif
}
