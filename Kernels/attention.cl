// attention — softmax(scale · Q · Kᵀ) · V for each head, online: the T×T matrix is never stored.
//
//   Running maximum m, sum l and output o over KEYS keys at a time (Milakov and Gimelshein, arXiv:1805.02867; Dao et
//   al., arXiv:2205.14135):
//     m' = max(m, max_j s_j)   l' = l·e^(m − m') + Σ_j e^(s_j − m')   o' = o·e^(m − m') + Σ_j e^(s_j − m')·v_j
//
//   qkv  [B, T, 3, HEADS, HEAD_WIDTH]  float  in   query, key and value of a token side by side, as the QKV layer
//                                                  writes them: the split into heads is this indexing
//   y    [B, Q, HEADS, HEAD_WIDTH]     float  out  every element written; must not alias qkv
//   bias  [HEADS, T, ⌈T/64⌉·64]       float  in   read only with BIAS: added to the scores, by head, key and query
//   tokens  T     int    in
//   scale         float  in   1/√HEAD_WIDTH in the paper
//   queries       int    in   queries of a picture that are answered, the first of its tokens: Q
//
//   Launch    ⌈Q/GROUP⌉·GROUP × HEADS × B items in groups of GROUP × 1 × 1; an item owns one query
//   Local     none
//   Numerics  float32; keys in order, KEYS at a time; the last, partial step gives keys past T a score of −∞, whose
//             exponential is exactly 0
//   Work      4·B·HEADS·Q·T·HEAD_WIDTH flop, 4·B·(3·T + Q)·HEADS·HEAD_WIDTH bytes
//   Host      Sources/OpenCLOperations/Operations/Attention+OpenCL.swift
//   Definition  Sources/Operations/Reference/Attention.swift
#include "common.cl"

// Problem
#ifndef HEADS
  #define HEADS 12
#endif
#ifndef HEAD_WIDTH
  #define HEAD_WIDTH 64  // C; a multiple of VECTOR
#endif
// Tuning — set by AttentionTuning; any legal value gives the same answer up to rounding.
#ifndef KEYS
  #define KEYS 8         // keys per step
#endif
#ifndef GROUP
  #define GROUP 32       // queries per group
#endif
#if KEYS != 2 && KEYS != 4 && KEYS != 8 && KEYS != 16
  #error "attention: KEYS must be 2, 4, 8 or 16"
#endif
#if HEAD_WIDTH % VECTOR != 0
  #error "attention: HEAD_WIDTH must be a multiple of VECTOR"
#endif
#define PARTS (HEAD_WIDTH / VECTOR)
#ifndef BIAS
  #define BIAS 0          // 1: add bias to the scores
#endif
#define ROW (3 * HEADS * HEAD_WIDTH)
#define BIAS_STRIDE(tokens) (((tokens) + 63) / 64 * 64)

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void attention(__global const float *restrict qkv, __global const float *restrict bias, __global float *restrict y,
               const int tokens, const int queries, const float scale) {
  const int query = get_global_id(0), head = get_global_id(1), image = get_global_id(2);
  if (query < queries) {
    __global const float *base = qkv + (size_t)image * tokens * ROW + head * HEAD_WIDTH;
    __global const float *keys = base + HEADS * HEAD_WIDTH;
    __global const float *values = base + 2 * HEADS * HEAD_WIDTH;

    // 1. The query, scaled.
    vfloat q[PARTS], o[PARTS];
    #pragma unroll
    for (int c = 0; c < PARTS; ++c) {
      q[c] = v_load(base + (size_t)query * ROW + c * VECTOR) * scale;
      o[c] = (vfloat)(0.0f);
    }
    float largest = -INFINITY, total = 0.0f;

    for (int first = 0; first < tokens; first += KEYS) {
      // 2. Scores of the next KEYS keys.
      float scores[KEYS];
      float step_largest = largest;
      #pragma unroll
      for (int j = 0; j < KEYS; ++j) {
        __global const float *k = keys + (size_t)min(first + j, tokens - 1) * ROW;
        vfloat products = q[0] * v_load(k);
        #pragma unroll
        for (int c = 1; c < PARTS; ++c) products = fma(q[c], v_load(k + c * VECTOR), products);
        float score = v_sum(products);
#if BIAS
        score += bias[((size_t)head * tokens + min(first + j, tokens - 1)) * BIAS_STRIDE(tokens) + query];
#endif
        scores[j] = first + j < tokens ? score : -INFINITY;
        step_largest = fmax(step_largest, scores[j]);
      }

      // 3. What was summed so far, in terms of the new maximum.
      const float correction = exp(largest - step_largest);
      largest = step_largest;
      total *= correction;
      #pragma unroll
      for (int c = 0; c < PARTS; ++c) o[c] *= correction;

      // 4. Weights, all exponentials at once, and values.
      float weights[KEYS];
      PASTE(vstore, KEYS)(exp(PASTE(vload, KEYS)(0, scores) - largest), 0, weights);
      #pragma unroll
      for (int j = 0; j < KEYS; ++j) {
        __global const float *v = values + (size_t)min(first + j, tokens - 1) * ROW;
        total += weights[j];
        #pragma unroll
        for (int c = 0; c < PARTS; ++c) o[c] = fma((vfloat)(weights[j]), v_load(v + c * VECTOR), o[c]);
      }
    }

    // 5. Normalized.
    __global float *target = y + ((size_t)image * queries + query) * (HEADS * HEAD_WIDTH) + head * HEAD_WIDTH;
    #pragma unroll
    for (int c = 0; c < PARTS; ++c) v_store(o[c] / total, target + c * VECTOR);
  }
}
