// attention_simd — softmax(scale · Q · Kᵀ) · V for each head, on CPU devices: a lane of a vector is a query.
//
//   Both products are the register tile of linear.cl: ROWS scalars, each times the same VECTORS vectors of QUERIES
//   lanes. Sᵀ = K·(scale·Q)ᵀ has keys for rows, Oᵀ = Vᵀ·Pᵀ has channels for rows; between them maximum, exponential and
//   sum go down the lanes, so that nothing is added across a vector. Keys come in blocks of at most KEY_BLOCK, packed once
//   for TILES tiles of queries, and what was summed before a block is put in terms of the new maximum (Milakov and
//   Gimelshein, arXiv:1805.02867):
//     m' = max(m, max_j s_j)   l' = l·e^(m − m') + Σ_j e^(s_j − m')   o' = o·e^(m − m') + Σ_j e^(s_j − m')·v_j
//
//   qkv  [B, T, 3, HEADS, HEAD_WIDTH]  float  in   query, key and value of a token side by side, as the QKV layer
//                                                  writes them: the split into heads is this indexing
//   y    [B, Q, HEADS, HEAD_WIDTH]     float  out  every element written; must not alias qkv
//   bias  [HEADS, T, ⌈T/64⌉·64] + 128  float  in   read only with BIAS: added to the scores, by head, key and query
//   tokens  T        int    in
//   scale            float  in   1/√HEAD_WIDTH in the paper
//   queries          int    in   queries of a picture that are answered, the first of its tokens: Q
//   tiles_per_item   int    in   query tiles that an item works through
//
//   Launch    ⌈⌈Q/QUERIES⌉ / tiles_per_item⌉ × HEADS × B groups of one item
//   Local     TILES·(2·HEAD_WIDTH + 2)·QUERIES + (KEY_BLOCK + ROWS)·(QUERIES + 2·HEAD_WIDTH) floats
//   Numerics  float32; keys in order. A query's bits depend on no other query: lanes do not mix. Queries past Q repeat
//             the last one, keys past T are scored and never summed. NaN among the inputs gives NaN
//   Work      4·B·HEADS·Q·T·HEAD_WIDTH flop, 4·B·(3·T + Q)·HEADS·HEAD_WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Attention+OpenCL.swift
//   Definition  Sources/Operations/Reference/Attention.swift
#include "common.cl"
#include "exponential.cl"
#include "transposition.cl"

// Problem
#ifndef HEADS
  #define HEADS 12
#endif
#ifndef HEAD_WIDTH
  #define HEAD_WIDTH 64  // C; a multiple of VECTOR
#endif
// Tuning — set by AttentionSIMDTuning; any legal value gives the same answer up to rounding.
#ifndef ROWS
  #define ROWS 2         // keys, then channels, of a register tile
#endif
#ifndef VECTORS
  #define VECTORS 5      // vectors of queries
#endif
#ifndef KEY_BLOCK
  #define KEY_BLOCK 128  // keys whose scores are held, at most
#endif
#ifndef TILES
  #define TILES 8        // tiles of queries that share a packed block of keys
#endif
#if HEAD_WIDTH % VECTOR != 0
  #error "attention_simd: HEAD_WIDTH must be a multiple of VECTOR"
#endif
#if ROWS > HEAD_WIDTH
  #error "attention_simd: ROWS must not exceed HEAD_WIDTH"
#endif
#define QUERIES (VECTORS * VECTOR)
#if QUERIES > 128
  #error "attention_simd: VECTORS * VECTOR must not exceed 128, the elements behind the last row of bias"
#endif
#ifndef BIAS
  #define BIAS 0          // 1: add bias to the scores
#endif
#define ROW (3 * HEADS * HEAD_WIDTH)
#define BIAS_STRIDE(tokens) (((tokens) + 63) / 64 * 64)

// tile[r][v] += scalars[r · row_stride] · columns[v], over so many steps: scalars move on by step_stride, columns by a row
// of QUERIES lanes. Unrolled, because loop overhead counts where an SMT sibling takes half of the issue slots.
static inline void accumulate(vfloat tile[ROWS][VECTORS], __local const float *scalars, int row_stride, int step_stride,
                              __local const float *columns, int steps) {
  #pragma unroll 4
  for (int step = 0; step < steps; ++step) {
    vfloat lanes[VECTORS];
    #pragma unroll
    for (int v = 0; v < VECTORS; ++v) lanes[v] = v_load(columns + v * VECTOR);
    #pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      const vfloat scalar = (vfloat)(scalars[r * row_stride]);
      #pragma unroll
      for (int v = 0; v < VECTORS; ++v) tile[r][v] = fma(scalar, lanes[v], tile[r][v]);
    }
    scalars += step_stride;
    columns += QUERIES;
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void attention_simd(__global const float *restrict qkv, __global const float *restrict bias, __global float *restrict y,
                    const int tokens, const int queries, const float scale, const int tiles_per_item) {
  // Of every tile
  __local float tile_queries[TILES * HEAD_WIDTH * QUERIES];  // scale·log₂e·Qᵀ: eˣ is 2 to the x·log₂e
  __local float tile_sums[TILES * HEAD_WIDTH * QUERIES];     // Oᵀ
  __local float tile_largest[TILES * QUERIES];               // m
  __local float tile_totals[TILES * QUERIES];                // l
  // Of a block of keys
  __local float packed_keys[(KEY_BLOCK + ROWS) * HEAD_WIDTH];  // K and V: rows that lie together
  __local float packed_values[(KEY_BLOCK + ROWS) * HEAD_WIDTH];
  __local float scores[(KEY_BLOCK + ROWS) * QUERIES];          // Sᵀ, then Pᵀ, of one tile
  const int head = get_group_id(1), image = get_group_id(2);
  __global const float *query_rows = qkv + (size_t)image * tokens * ROW + head * HEAD_WIDTH;
  __global const float *key_rows = query_rows + HEADS * HEAD_WIDTH;
  __global const float *value_rows = key_rows + HEADS * HEAD_WIDTH;
  const int first_tile = get_group_id(0) * tiles_per_item;
  const int last_tile = min(first_tile + tiles_per_item, (queries + QUERIES - 1) / QUERIES);
  // Blocks as equal as can be, so that the largest takes little of the cache; whole tiles of keys, to score none twice.
  const int blocks = (tokens + KEY_BLOCK - 1) / KEY_BLOCK;
  const int block = min(((tokens + blocks - 1) / blocks + ROWS - 1) / ROWS * ROWS, KEY_BLOCK);

  for (int first_shared = first_tile; first_shared < last_tile; first_shared += TILES) {
    const int tiles = min(TILES, last_tile - first_shared);

    // 1. Queries, scaled and transposed.
    for (int t = 0; t < tiles; ++t) {
      const int first_query = (first_shared + t) * QUERIES;
      for (int i = 0; i < QUERIES; i += VECTOR) {
        for (int c = 0; c < HEAD_WIDTH; c += VECTOR) {
          vfloat square[VECTOR];
          #pragma unroll
          for (int r = 0; r < VECTOR; ++r) {
            square[r] = v_load(query_rows + (size_t)min(first_query + i + r, queries - 1) * ROW + c) * (scale * LOG2_E);
          }
          transpose(square);
          #pragma unroll
          for (int r = 0; r < VECTOR; ++r) {
            v_store(square[r], tile_queries + (t * HEAD_WIDTH + c + r) * QUERIES + i);
            v_store((vfloat)(0.0f), tile_sums + (t * HEAD_WIDTH + c + r) * QUERIES + i);
          }
        }
        v_store((vfloat)(-INFINITY), tile_largest + t * QUERIES + i);
        v_store((vfloat)(0.0f), tile_totals + t * QUERIES + i);
      }
    }

    for (int first_key = 0; first_key < tokens; first_key += block) {
      // 2. Keys and values of the block; the only block stays where it is. The last key is repeated to fill its tile.
      const int count = min(block, tokens - first_key);
      if (first_shared == first_tile || tokens > KEY_BLOCK) {
        for (int j = 0; j < count + ROWS - 1; ++j) {
          const size_t row = (size_t)min(first_key + j, tokens - 1) * ROW;
          for (int c = 0; c < HEAD_WIDTH; c += VECTOR) {
            v_store(v_load(key_rows + row + c), packed_keys + j * HEAD_WIDTH + c);
            v_store(v_load(value_rows + row + c), packed_values + j * HEAD_WIDTH + c);
          }
        }
      }

      for (int t = 0; t < tiles; ++t) {
        __local const float *query = tile_queries + t * HEAD_WIDTH * QUERIES;
        __local float *sums = tile_sums + t * HEAD_WIDTH * QUERIES;

        // 3. Scores of the block, ROWS keys at a time, and their maximum: NaN is found by what follows.
        vfloat largest[VECTORS];
        #pragma unroll
        for (int v = 0; v < VECTORS; ++v) largest[v] = v_load(tile_largest + t * QUERIES + v * VECTOR);
        for (int j = 0; j < count; j += ROWS) {
          __local const float *keys = packed_keys + j * HEAD_WIDTH;
          vfloat tile[ROWS][VECTORS];
          #pragma unroll
          for (int r = 0; r < ROWS; ++r) {
            #pragma unroll
            for (int v = 0; v < VECTORS; ++v) tile[r][v] = (vfloat)(0.0f);
          }
          accumulate(tile, keys, HEAD_WIDTH, 1, query, HEAD_WIDTH);
#if BIAS
          const int first_query = (first_shared + t) * QUERIES;
          #pragma unroll
          for (int r = 0; r < ROWS; ++r) {
            const size_t added = ((size_t)head * tokens + min(first_key + j + r, tokens - 1)) * BIAS_STRIDE(tokens);
            #pragma unroll
            for (int v = 0; v < VECTORS; ++v) {
              tile[r][v] = fma(v_load(bias + added + first_query + v * VECTOR), (vfloat)(LOG2_E), tile[r][v]);
            }
          }
#endif
          #pragma unroll
          for (int r = 0; r < ROWS; ++r) {
            #pragma unroll
            for (int v = 0; v < VECTORS; ++v) {
              v_store(tile[r][v], scores + (j + r) * QUERIES + v * VECTOR);
              largest[v] = v_select(largest[v], tile[r][v], isgreater(tile[r][v], largest[v]));
            }
          }
        }

        // 4. Weights in place of the scores.
        vfloat total[VECTORS];
        #pragma unroll
        for (int v = 0; v < VECTORS; ++v) total[v] = (vfloat)(0.0f);
        for (int j = 0; j < count; ++j) {
          vfloat weights[VECTORS];
          #pragma unroll
          for (int v = 0; v < VECTORS; ++v) weights[v] = v_load(scores + j * QUERIES + v * VECTOR) - largest[v];
          V_EXP2_EACH(weights, VECTORS)
          #pragma unroll
          for (int v = 0; v < VECTORS; ++v) {
            v_store(weights[v], scores + j * QUERIES + v * VECTOR);
            total[v] += weights[v];
          }
        }

        // 5. What was summed before the block, in terms of the new maximum.
        vfloat correction[VECTORS];
        #pragma unroll
        for (int v = 0; v < VECTORS; ++v) correction[v] = v_load(tile_largest + t * QUERIES + v * VECTOR) - largest[v];
        V_EXP2_EACH(correction, VECTORS)
        #pragma unroll
        for (int v = 0; v < VECTORS; ++v) {
          __local float *total_before = tile_totals + t * QUERIES + v * VECTOR;
          v_store(fma(v_load(total_before), correction[v], total[v]), total_before);
          v_store(largest[v], tile_largest + t * QUERIES + v * VECTOR);
        }

        // 6. Values, ROWS channels at a time; the last tile begins early rather than end late.
        for (int c = 0; c < HEAD_WIDTH; c += ROWS) {
          const int first_channel = min(c, HEAD_WIDTH - ROWS);
          vfloat tile[ROWS][VECTORS];
          #pragma unroll
          for (int r = 0; r < ROWS; ++r) {
            #pragma unroll
            for (int v = 0; v < VECTORS; ++v) {
              tile[r][v] = v_load(sums + (first_channel + r) * QUERIES + v * VECTOR) * correction[v];
            }
          }
          accumulate(tile, packed_values + first_channel, 1, HEAD_WIDTH, scores, count);
          const int first_new = c - first_channel;
          #pragma unroll
          for (int r = 0; r < ROWS; ++r) {
            #pragma unroll
            for (int v = 0; v < VECTORS; ++v) {
              // The compiler does not see that first_new is 0 where ROWS divides the channels.
              if (HEAD_WIDTH % ROWS == 0 || r >= first_new) {
                v_store(tile[r][v], sums + (first_channel + r) * QUERIES + v * VECTOR);
              }
            }
          }
        }
      }
    }

    // 7. Normalized and transposed back.
    for (int t = 0; t < tiles; ++t) {
      for (int i = 0; i < QUERIES; i += VECTOR) {
        const vfloat factor = 1.0f / v_load(tile_totals + t * QUERIES + i);
        const int first = (first_shared + t) * QUERIES + i;
        for (int c = 0; c < HEAD_WIDTH; c += VECTOR) {
          vfloat square[VECTOR];
          #pragma unroll
          for (int r = 0; r < VECTOR; ++r) {
            square[r] = v_load(tile_sums + (t * HEAD_WIDTH + c + r) * QUERIES + i) * factor;
          }
          transpose(square);
          __global float *target = y + (((size_t)image * queries + first) * HEADS + head) * HEAD_WIDTH + c;
          #pragma unroll
          for (int r = 0; r < VECTOR; ++r) {
            if (first + r < queries) v_store(square[r], target + r * (HEADS * HEAD_WIDTH));
          }
        }
      }
    }
  }
}
