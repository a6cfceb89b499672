// attention_map_plain — softmax(scale · Q · Kᵀ) itself, one item a row: the plain twin of attention_map.cl.
//
//   qkv   [B, T, 3, HEADS, HEAD_WIDTH]  float  in
//   bias  [HEADS, T, ⌈T/64⌉·64]        float  in   read only with BIAS: added to the scores, by head, key and query
//   y     [B, R, Q, T]                  float  out  every element written; must not alias qkv
//   tokens     T  int    in
//   queries    Q  int    in   queries of a picture that are answered, the first of its tokens
//   first      F  int    in   the first head
//   averaged   N  int    in   heads that become one map
//   scale         float  in
//
//   Launch    Q × R × B items, any group
//   Local     none
//   Numerics  float32; three walks over the keys of a head: maximum, sum, weights
//   Work      6·B·R·N·Q·T·HEAD_WIDTH flop
//   Host      Sources/OpenCLOperations/Operations/AttentionMap+OpenCL.swift
//   Definition  Sources/Operations/Reference/AttentionMap.swift
#undef VECTOR
#define VECTOR 1
#include "common.cl"

// Problem
#ifndef HEADS
  #define HEADS 12
#endif
#ifndef HEAD_WIDTH
  #define HEAD_WIDTH 64
#endif
#ifndef BIAS
  #define BIAS 0         // 1: add bias to the scores
#endif
#define ROW (3 * HEADS * HEAD_WIDTH)
#define BIAS_STRIDE(tokens) (((tokens) + 63) / 64 * 64)

static inline float score(__global const float *q, __global const float *k) {
  float sum = 0.0f;
  for (int c = 0; c < HEAD_WIDTH; ++c) sum = fma(q[c], k[c], sum);
  return sum;
}

__kernel void attention_map_plain(__global const float *restrict qkv, __global const float *restrict bias,
                                  __global float *restrict y, const int tokens, const int queries, const int first,
                                  const int averaged, const float scale) {
  const int query = get_global_id(0), map = get_global_id(1), image = get_global_id(2);
  const int maps = get_global_size(1);
  __global const float *base = qkv + (size_t)image * tokens * ROW;
  __global float *row = y + (((size_t)image * maps + map) * queries + query) * tokens;
  for (int t = 0; t < tokens; ++t) row[t] = 0.0f;
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
    float largest = -INFINITY, total = 0.0f;
    for (int t = 0; t < tokens; ++t) largest = fmax(largest, SCORE(t));
    for (int t = 0; t < tokens; ++t) total += exp(SCORE(t) - largest);
    for (int t = 0; t < tokens; ++t) row[t] += exp(SCORE(t) - largest) / total / averaged;
  }
}
