// query_key_plain — query and key of each head normalized and rotated, one item a head: the plain twin of query_key.cl
//
//   q, k  n(x) = (x − mean)/√(var + ε) ⊙ γ + β over a head, or x   (Dehghani et al., arXiv:2302.05442)
//         r(x)[c] = x[c]·cos[t, c] ± x[partner of c]·sin[t, c]     (Su et al., arXiv:2104.09864)
//   v     x
//   A head of y takes key and value of head ⌊h·KEY_HEADS/HEADS⌋ of x (Ainslie et al., arXiv:2305.13245).
//
//   x       [B, T, HEADS + 2·KEY_HEADS, HEAD_WIDTH]  float  in   query, key, value
//   norms   [4, HEAD_WIDTH]  float  in   γ and β of the query, then of the key; read only with NORM
//   angles  [2, TABLES, T − first, HEAD_WIDTH]  float  in   cosines, then sines; read only with ROTARY
//   y       [B, T, 3, HEADS, HEAD_WIDTH]  float  out  every element written; must not alias x
//   tokens, first  T and the first token that is rotated  int  in
//   epsilon  ε             float  in   read only with NORM
//
//   Launch    3·HEADS × T × B items, any group
//   Local     none
//   Numerics  float32; two-pass statistics by one item
//   Work      20·B·T·HEADS·HEAD_WIDTH flop, 24·B·T·HEADS·HEAD_WIDTH bytes: memory bound
//   Host      Sources/OpenCLOperations/Operations/QueryKey+OpenCL.swift
//   Definition  Sources/Operations/Reference/QueryKey.swift
#undef VECTOR
#define VECTOR 1
#include "common.cl"

// Problem
#ifndef HEADS
  #define HEADS 12
#endif
#ifndef KEY_HEADS
  #define KEY_HEADS HEADS  // heads of key and value; a divisor of HEADS
#endif
#ifndef HEAD_WIDTH
  #define HEAD_WIDTH 64    // C
#endif
#ifndef NORM
  #define NORM 0           // 1: normalize query and key
#endif
#ifndef ROTARY
  #define ROTARY 0         // 1: rotate neighbours (c, c + 1); 2: rotate halves (c, c + C/2)
#endif
#ifndef TABLES
  #define TABLES 1         // 1: the same angles for all heads; HEADS: a head has its own
#endif

__kernel void query_key_plain(__global const float *restrict x, __global const float *restrict norms,
                              __global const float *restrict angles, __global float *restrict y,
                              const int tokens, const int first, const float epsilon) {
  const int slot = get_global_id(0), token = get_global_id(1), image = get_global_id(2);
  const int part = slot / HEADS, head = slot % HEADS;
  const int source_head = part == 0 ? head : HEADS + (part - 1) * KEY_HEADS + head / (HEADS / KEY_HEADS);
  const size_t row = (size_t)image * tokens + token;
  __global const float *source = x + (row * (HEADS + 2 * KEY_HEADS) + source_head) * HEAD_WIDTH;
  __global float *target = y + (row * (3 * HEADS) + slot) * HEAD_WIDTH;

  // 1. The head, normalized.
  float values[HEAD_WIDTH];
#if NORM
  if (part < 2) {
    const normalizer n = row_normalizer(source, HEAD_WIDTH, epsilon);
    __global const float *gamma = norms + part * (2 * HEAD_WIDTH);
    for (int c = 0; c < HEAD_WIDTH; ++c) {
      values[c] = fma(fma(source[c] - n.mean, n.factor, n.offset), gamma[c], gamma[HEAD_WIDTH + c]);
    }
  } else
#endif
  {
    for (int c = 0; c < HEAD_WIDTH; ++c) values[c] = source[c];
  }

  // 2. Rotated.
#if ROTARY
  if (part < 2 && token >= first) {
    const size_t count = (size_t)(tokens - first) * HEAD_WIDTH;
    __global const float *cosines = angles + (TABLES == 1 ? 0 : head) * count + (size_t)(token - first) * HEAD_WIDTH;
    __global const float *sines = cosines + TABLES * count;
  #if ROTARY == 1
    for (int c = 0; c < HEAD_WIDTH; c += 2) {
      target[c] = fma(values[c], cosines[c], -values[c + 1] * sines[c]);
      target[c + 1] = fma(values[c + 1], cosines[c + 1], values[c] * sines[c + 1]);
    }
  #else
    for (int c = 0; c < HEAD_WIDTH / 2; ++c) {
      const int d = c + HEAD_WIDTH / 2;
      target[c] = fma(values[c], cosines[c], -values[d] * sines[c]);
      target[d] = fma(values[d], cosines[d], values[c] * sines[d]);
    }
  #endif
  } else
#endif
  {
    for (int c = 0; c < HEAD_WIDTH; ++c) target[c] = values[c];
  }
}
