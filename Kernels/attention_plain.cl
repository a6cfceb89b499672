// attention_plain — softmax(scale · Q · Kᵀ) · V, one item a query, key by key: the plain twin of attention.cl.
//
//   qkv  [B, T, 3, HEADS, HEAD_WIDTH]  float  in
//   y    [B, Q, HEADS, HEAD_WIDTH]     float  out  every element written; must not alias qkv
//   bias  [HEADS, T, ⌈T/64⌉·64]       float  in   read only with BIAS: added to the scores, by head, key and query
//   tokens  T     int    in
//   scale         float  in
//   queries       int    in   queries of a picture that are answered, the first of its tokens: Q
//
//   Launch    Q × HEADS × B items, any group
//   Local     none
//   Numerics  float32; two walks over the keys: maximum, then weighted values
//   Work      6·B·HEADS·Q·T·HEAD_WIDTH flop: scores are computed in both walks, for nothing is stored;
//             4·B·(3·T + Q)·HEADS·HEAD_WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Attention+OpenCL.swift
//   Definition  Sources/Operations/Reference/Attention.swift
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
  #define BIAS 0          // 1: add bias to the scores
#endif
#define ROW (3 * HEADS * HEAD_WIDTH)
#define BIAS_STRIDE(tokens) (((tokens) + 63) / 64 * 64)

static inline float score(__global const float *q, __global const float *k) {
  float sum = 0.0f;
  for (int c = 0; c < HEAD_WIDTH; ++c) sum = fma(q[c], k[c], sum);
  return sum;
}

__kernel void attention_plain(__global const float *restrict qkv, __global const float *restrict bias,
                              __global float *restrict y, const int tokens, const int queries, const float scale) {
  const int query = get_global_id(0), head = get_global_id(1), image = get_global_id(2);
  __global const float *base = qkv + (size_t)image * tokens * ROW + head * HEAD_WIDTH;
  __global const float *q = base + (size_t)query * ROW;
  __global const float *keys = base + HEADS * HEAD_WIDTH;
  __global const float *values = base + 2 * HEADS * HEAD_WIDTH;

#if BIAS
  __global const float *added = bias + (size_t)head * tokens * BIAS_STRIDE(tokens) + query;
  #define SCORE(t) fma(scale, score(q, keys + (size_t)(t) * ROW), added[(size_t)(t) * BIAS_STRIDE(tokens)])
#else
  #define SCORE(t) (scale * score(q, keys + (size_t)(t) * ROW))
#endif
  float largest = -INFINITY;
  for (int t = 0; t < tokens; ++t) largest = fmax(largest, SCORE(t));
  float total = 0.0f, sums[HEAD_WIDTH];
  for (int c = 0; c < HEAD_WIDTH; ++c) sums[c] = 0.0f;
  for (int t = 0; t < tokens; ++t) {
    const float weight = exp(SCORE(t) - largest);
    total += weight;
    for (int c = 0; c < HEAD_WIDTH; ++c) sums[c] = fma(weight, values[(size_t)t * ROW + c], sums[c]);
  }
  __global float *target = y + ((size_t)image * queries + query) * (HEADS * HEAD_WIDTH) + head * HEAD_WIDTH;
  for (int c = 0; c < HEAD_WIDTH; ++c) target[c] = sums[c] / total;
}
