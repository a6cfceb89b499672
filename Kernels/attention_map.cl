// attention_map — softmax(scale · Q · Kᵀ) itself, by head or averaged over heads: what attention.cl never stores.
//
//   y[b, r, q, t] = 1/N · Σ_h exp(s_h(q, t) − max_t s_h) / Σ_t exp(s_h(q, t) − max_t s_h),  h = F + r·N … F + r·N + N − 1
//   with s_h = scale · Q_h · K_hᵀ + bias_h (Vaswani et al., arXiv:1706.03762)
//
//   qkv   [B, T, 3, HEADS, HEAD_WIDTH]  float  in   query, key and value of a token side by side
//   bias  [HEADS, T, ⌈T/64⌉·64]        float  in   read only with BIAS: added to the scores, by head, key and query
//   y     [B, R, Q, T]                  float  out  every element written; must not alias qkv
//   tokens     T  int    in
//   queries    Q  int    in   queries of a picture that are answered, the first of its tokens
//   first      F  int    in   the first head
//   averaged   N  int    in   heads that become one map
//   scale         float  in   1/√HEAD_WIDTH in the paper
//
//   Launch    Q·GROUP × R × B items in groups of GROUP × 1 × 1; a group owns a row of T, an item every GROUP-th key of it
//   Local     GROUP floats
//   Numerics  float32; two walks over the keys of a head: running maximum and sum (Milakov and Gimelshein,
//             arXiv:1805.02867), then weights, for which the scores are computed again; heads are added in order
//   Work      4·B·R·N·Q·T·HEAD_WIDTH flop, 4·B·T·HEADS·HEAD_WIDTH·2 + 4·B·R·Q·T bytes
//   Host      Sources/OpenCLOperations/Operations/AttentionMap+OpenCL.swift
//   Definition  Sources/Operations/Reference/AttentionMap.swift
#include "common.cl"

// Problem
#ifndef HEADS
  #define HEADS 12
#endif
#ifndef HEAD_WIDTH
  #define HEAD_WIDTH 64  // C; a multiple of VECTOR
#endif
#ifndef BIAS
  #define BIAS 0         // 1: add bias to the scores
#endif
// Tuning — set by RowTuning; any legal value gives the same answer up to rounding.
#ifndef GROUP
  #define GROUP 64       // items per row; a power of two
#endif
#if HEAD_WIDTH % VECTOR != 0
  #error "attention_map: HEAD_WIDTH must be a multiple of VECTOR"
#endif
#include "reduction.cl"
#define ROW (3 * HEADS * HEAD_WIDTH)
#define BIAS_STRIDE(tokens) (((tokens) + 63) / 64 * 64)

static inline float score(__global const float *q, __global const float *k) {
  vfloat products = v_load(q) * v_load(k);
  #pragma unroll
  for (int c = VECTOR; c < HEAD_WIDTH; c += VECTOR) products = fma(v_load(q + c), v_load(k + c), products);
  return v_sum(products);
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void attention_map(__global const float *restrict qkv, __global const float *restrict bias, __global float *restrict y,
                   const int tokens, const int queries, const int first, const int averaged, const float scale) {
#if GROUP > 1
  __local float parts[GROUP];
#endif
  const int item = get_local_id(0), query = get_group_id(0), map = get_group_id(1), image = get_group_id(2);
  const int maps = get_num_groups(1);
  __global const float *base = qkv + (size_t)image * tokens * ROW;
  __global float *row = y + (((size_t)image * maps + map) * queries + query) * tokens;

  for (int h = 0; h < averaged; ++h) {
    const int head = first + map * averaged + h;
    __global const float *q = base + (size_t)query * ROW + head * HEAD_WIDTH;
    __global const float *keys = base + (HEADS + head) * HEAD_WIDTH;
#if BIAS
    __global const float *added = bias + (size_t)head * tokens * BIAS_STRIDE(tokens) + query;
    #define SCORE(t) fma(scale, score(q, keys + (size_t)(t) * ROW), added[(size_t)(t) * BIAS_STRIDE(tokens)])
#else
    #define SCORE(t) (scale * score(q, keys + (size_t)(t) * ROW))
#endif

    // 1. Maximum and sum of this item's keys, then of the group's; an item without keys adds nothing.
    float largest = -INFINITY, total = 0.0f;
    for (int t = item; t < tokens; t += GROUP) {
      const float value = SCORE(t), next = fmax(largest, value);
      total = fma(total, exp(largest - next), exp(value - next));
      largest = next;
    }
    const float group_largest = group_max(largest, parts, item);
    total = group_sum(total * exp(largest - group_largest), parts, item);

    // 2. Weights, on top of those of the heads before.
    for (int t = item; t < tokens; t += GROUP) {
      const float weight = exp(SCORE(t) - group_largest) / total / averaged;
      row[t] = h == 0 ? weight : row[t] + weight;
    }
  }
}
