// attention_wgmma — softmax(scale · Q · Kᵀ) · V for heads 64 wide by warp groups that multiply out of local memory.
//
//   A warp group has 64 queries, and all its scores of a block of KEYS keys in registers. Weights P = 2^(s − m) become a
//   factor of the next product where they are (Dao et al., arXiv:2205.14135; Shah et al., arXiv:2407.08608):
//     m' = max(m, max_j s_j)   l' = l·2^(m − m') + Σ_j 2^(s_j − m')   o' = o·2^(m − m') + Σ_j 2^(s_j − m')·v_j
//   with scores in units of ln 2. Groups beside each other on a compute unit take turns: one multiplies while another
//   computes exponentials.
//
//   qkv  [B, T, INPUT_STRIDE]   operands  in   query, key and value, each head by head
//   y    [B, Q, HEADS, 64]      operands  out  all B · Q rows as swizzle.cl has them; must not alias qkv
//   tokens   T         int    in
//   queries            int    in   queries of a picture that are answered, the first of its tokens: Q
//   scale              float  in   1/√64 in the paper; not negative
//   tiles              int    in   of QUERIES queries that a group answers one after another
//
//   Launch    ⌈Q/QUERIES/tiles⌉ × HEADS × B groups of ITEMS × 1 × 1 items
//   Local     2 tiles of queries, STAGES blocks of keys and values: (2·QUERIES + 2·STAGES·KEYS) · 64 operands; emulated also
//             the weights of all items
//   Numerics  factors rounded to operands, weights among them; products exact, sums, maxima and exponentials float32. A
//             query's bits depend on no other query. Keys past T are zeros whose score is −∞. NaN among the inputs gives NaN
//   Work      4·B·HEADS·Q·T·64 flop, 2·B·(3·T + Q)·HEADS·64 bytes
//   Host      Sources/OpenCLOperations/Operations/Attention+WarpGroups.swift
//   Definition  Sources/Operations/Reference/Attention.swift

// Problem
#ifndef HEADS
  #define HEADS 12
#endif
// Tuning — any legal value gives the same answer up to rounding.
#ifndef GROUPS_PER_UNIT
  #define GROUPS_PER_UNIT 1  // read by the host alone, which asks the PTX for registers for so many (InstructionSplice.swift)
#endif
#ifndef WARP_GROUPS
  #define WARP_GROUPS 1    // that share keys and values
#endif
#ifndef KEYS
  #define KEYS (EMULATED ? 64 : 208)  // of a block: what PANEL of wgmma.cl may be
#endif
#ifndef STAGES
  #define STAGES 2         // blocks in local memory; 1 is for keys of one block alone
#endif
#if STAGES < 1 || STAGES > 2
  #error "attention_wgmma: STAGES must be 1 or 2"
#endif
#define ITEMS (WARP_GROUPS * 128)
#define QUERIES (WARP_GROUPS * 64)
#define PANEL KEYS
#include "wgmma.cl"
#if KEYS > 208
  #error "attention_wgmma: KEYS must be at most 208"
#endif
#include "swizzle.cl"
#define WIDTH (HEADS * SWIZZLED_STEP)   // a head is as wide as a step of its rows
#define INPUT_STRIDE (3 * WIDTH)
#define QUERY_TILE (QUERIES * STEP_CHUNKS)
#define BLOCK (2 * KEYS * STEP_CHUNKS)  // keys, then values
#define LOG2_E 1.44269504f

#if EMULATED
static inline void copy_chunk(__local uint4 *target, __global const ushort *source, bool is_there) {
  *target = is_there ? *(__global const uint4 *)source : (uint4)(0);
}
  #define copies_wait()
#else
static inline void copy_chunk(__local uint4 *target, __global const ushort *source, bool is_there) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               : : "l"(target), "l"(source), "r"(is_there ? 16 : 0) : "memory");
}
  // What has come is written as items write; products read as copies do.
  #define copies_wait() asm volatile("cp.async.wait_all;\n\tfence.proxy.async.shared::cta;" : : : "memory")
#endif

// Rows of a head to a tile; zeros past the end.
static inline __attribute__((always_inline))
void copy_rows(__local uint4 *tile, __global const ushort *rows, int count, int first, int end) {
  const int item = same_item(), line = item / STEP_CHUNKS, chunk = item % STEP_CHUNKS;
  UNROLL
  for (int i = 0; i < count; i += ITEMS / STEP_CHUNKS) {
    const int row = i + line;
    if (count % (ITEMS / STEP_CHUNKS) == 0 || row < count) {
      copy_chunk(tile + tile_index(row, chunk, STEP_CHUNKS),
                 rows + (size_t)min(first + row, end - 1) * INPUT_STRIDE + chunk * 8, first + row < end);
    }
  }
}

static inline __attribute__((always_inline))
void copy_block(__local uint4 *block, __global const ushort *key_rows, int first_key, int tokens) {
  copy_rows(block, key_rows, KEYS, first_key, tokens);
  copy_rows(block + KEYS * STEP_CHUNKS, key_rows + WIDTH, KEYS, first_key, tokens);
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void attention_wgmma(__global const ushort *restrict qkv, __global uint4 *restrict y, const int tokens, const int queries,
                     const float scale, const int tiles) {
  __local uint4 memory[2 * QUERY_TILE + STAGES * BLOCK] __attribute__((aligned(1024)));
  MATRIX_MEMORY(ITEMS / 32);
  WEIGHTS_MEMORY;
  const int item = get_local_id(0), warp_group = item / 128;
  const wave self = MATRIX_WAVE(item);
  pipeline under_way;
  start_products(memory, &under_way);
  const int head = get_group_id(1), image = get_group_id(2);
  __global const ushort *query_rows = qkv + (size_t)image * tokens * INPUT_STRIDE + head * SWIZZLED_STEP;
  __global const ushort *key_rows = query_rows + WIDTH;
  __local uint4 *blocks = memory + 2 * QUERY_TILE;
  const int first_tile = get_group_id(0) * tiles;
  const int end_tile = min(first_tile + tiles, (queries + QUERIES - 1) / QUERIES);
  // A product with −∞ is to be −∞ where the scale is 0, too.
  const float factor = scale == 0.0f ? FLT_MIN : scale * LOG2_E;

  // 1. The first queries, keys and values.
  copy_rows(memory, query_rows, QUERIES, first_tile * QUERIES, queries);
  copy_block(blocks, key_rows, 0, tokens);

  int stage = 0;
  for (int tile = first_tile; tile < end_tile; ++tile) {
    __local uint4 *own = memory + (tile - first_tile) % 2 * QUERY_TILE;
    const int first_query = tile * QUERIES;
    float sum[32], largest[2], total[2];
    for (int s = 0; s < 2; ++s) {
      largest[s] = -INFINITY;
      total[s] = 0.0f;
    }
    UNROLL
    for (int e = 0; e < 32; ++e) sum[e] = 0.0f;

    for (int first_key = 0; first_key < tokens; first_key += KEYS) {
      // 2. What this block reads is there; what comes next is under way.
      copies_wait();
      barrier(CLK_LOCAL_MEM_FENCE);  // tiles written before products read them, and read by all before others replace them
      if (first_key == 0 && tile + 1 < end_tile) {
        copy_rows(memory + (tile - first_tile + 1) % 2 * QUERY_TILE, query_rows, QUERIES, first_query + QUERIES, queries);
      }
      __local uint4 *keys = blocks + stage * BLOCK;
#if STAGES > 1
      stage ^= 1;
      if (first_key + KEYS < tokens || tile + 1 < end_tile) {
        copy_block(blocks + stage * BLOCK, key_rows, first_key + KEYS < tokens ? first_key + KEYS : 0, tokens);
      }
#endif

      // 3. Scores.
      float score[GROUP_SUMS];
      UNROLL
      for (int e = 0; e < GROUP_SUMS; ++e) score[e] = 0.0f;
      product(score, descriptor(own + warp_group * (64 * STEP_CHUNKS), &under_way), descriptor(keys, &under_way), &under_way);
      products_end(score, &under_way);

      // 4. Maxima, and the weights.
      uint weights[GROUP_SUMS / 2];
      if (first_key + KEYS > tokens) {
        UNROLL
        for (int e = 0; e < GROUP_SUMS; ++e) {
          if (first_key + SUM_COLUMN(self.lane, e) >= tokens) score[e] = -INFINITY;
        }
      }
      float block_largest[2] = {largest[0], largest[1]}, correction[2], offset[2];
      UNROLL
      for (int e = 0; e < GROUP_SUMS; ++e) block_largest[e / 2 % 2] = fmax(block_largest[e / 2 % 2], score[e]);
      UNROLL
      for (int s = 0; s < 2; ++s) {
        block_largest[s] = fmax(block_largest[s], exchange(block_largest[s], 1, self));
        block_largest[s] = fmax(block_largest[s], exchange(block_largest[s], 2, self));
        offset[s] = -block_largest[s] * factor;
        correction[s] = power_of_2(fma(largest[s], factor, offset[s]));
        largest[s] = block_largest[s];
        total[s] *= correction[s];
      }
      if (first_key > 0) {
        UNROLL
        for (int e = 0; e < 32; ++e) sum[e] *= correction[e / 2 % 2];
      }
      UNROLL
      for (int e = 0; e < GROUP_SUMS; e += 2) {
        const float left = power_of_2(fma(score[e], factor, offset[e / 2 % 2]));
        const float right = power_of_2(fma(score[e + 1], factor, offset[e / 2 % 2]));
        total[e / 2 % 2] += left + right;
        weights[e / 2] = operand_pair(left, right);
      }

      // 5. The weighted values.
      weigh(sum, weights, descriptor(keys + KEYS * STEP_CHUNKS, &under_way), WEIGHTS, &under_way);
    }

    // 6. Normalized, by way of local memory, for whole chunks go out at once: where the queries were.
    UNROLL
    for (int s = 0; s < 2; ++s) {
      total[s] += exchange(total[s], 1, self);
      total[s] += exchange(total[s], 2, self);
      total[s] = 1.0f / total[s];
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // queries read before results replace them
    const int same = same_item();
    UNROLL
    for (int e = 0; e < 32; e += 2) {
      const int row = same / 32 * 16 + SUM_ROW(same % 32, e), channel = SUM_COLUMN(same % 32, e);
      ((__local uint *)(own + tile_index(row, channel / 8, STEP_CHUNKS)))[channel % 8 / 2] =
          operand_pair(storable(sum[e] * total[e / 2 % 2]), storable(sum[e + 1] * total[e / 2 % 2]));
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // results written before any item reads them
    for (int i = same; i < QUERY_TILE; i += ITEMS) {
      const int row = i / STEP_CHUNKS, chunk = i % STEP_CHUNKS;
      if (first_query + row < queries) {
        const size_t place = swizzled(image * queries + first_query + row, head * SWIZZLED_STEP + chunk * 8,
                                      get_num_groups(2) * queries);
        y[place / 8] = own[tile_index(row, chunk, STEP_CHUNKS)];
      }
    }
  }
}
