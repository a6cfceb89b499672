// query_key — query and key of each head normalized and rotated, shared keys and values repeated
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
//   Work      20·B·T·HEADS·HEAD_WIDTH flop, 4·B·T·(4·HEADS + 2·KEY_HEADS)·HEAD_WIDTH bytes: memory bound
//   Host      Sources/OpenCLOperations/Operations/QueryKey+OpenCL.swift
//   Definition  Sources/Operations/Reference/QueryKey.swift
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
// Tuning — set by RowTuning; any legal value gives the same answer up to rounding.
#if HEAD_WIDTH % VECTOR != 0 || (ROTARY == 2 && HEAD_WIDTH / 2 % VECTOR != 0) || (ROTARY == 1 && VECTOR == 1)
  #error "query_key: VECTOR must divide HEAD_WIDTH, and its half where halves are rotated; neighbours need two lanes"
#endif

__kernel void query_key(__global const float *restrict x, __global const float *restrict norms,
                        __global const float *restrict angles, __global float *restrict y, const int tokens,
                        const int first, const float epsilon) {
  const int slot = get_global_id(0), token = get_global_id(1), image = get_global_id(2);
  const int part = slot / HEADS, head = slot % HEADS;
  const int source_head = part == 0 ? head : HEADS + (part - 1) * KEY_HEADS + head / (HEADS / KEY_HEADS);
  const size_t row = (size_t)image * tokens + token;
  __global const float *source = x + (row * (HEADS + 2 * KEY_HEADS) + source_head) * HEAD_WIDTH;
  __global float *target = y + (row * (3 * HEADS) + slot) * HEAD_WIDTH;

#if NORM
  const normalizer n = row_normalizer(source, HEAD_WIDTH, epsilon);
  __global const float *gamma = norms + min(part, 1) * (2 * HEAD_WIDTH);
  #define VALUE(c) (part == 2 ? v_load(source + (c)) \
    : fma(fma(v_load(source + (c)) - n.mean, (vfloat)(n.factor), (vfloat)(n.offset)), v_load(gamma + (c)), \
          v_load(gamma + HEAD_WIDTH + (c))))
#else
  #define VALUE(c) v_load(source + (c))
#endif
#if ROTARY
  if (part < 2 && token >= first) {
    const size_t count = (size_t)(tokens - first) * HEAD_WIDTH;
    __global const float *cosines = angles + (TABLES == 1 ? 0 : head) * count + (size_t)(token - first) * HEAD_WIDTH;
    __global const float *sines = cosines + TABLES * count;
  #if ROTARY == 1
    for (int c = 0; c < HEAD_WIDTH; c += VECTOR) {
      const vfloat value = VALUE(c);
      vfloat partner;
      partner.even = -value.odd;
      partner.odd = value.even;
      v_store(fma(value, v_load(cosines + c), partner * v_load(sines + c)), target + c);
    }
  #else
    for (int c = 0; c < HEAD_WIDTH / 2; c += VECTOR) {
      const int d = c + HEAD_WIDTH / 2;
      const vfloat value = VALUE(c), partner = VALUE(d);
      v_store(fma(value, v_load(cosines + c), -partner * v_load(sines + c)), target + c);
      v_store(fma(partner, v_load(cosines + d), value * v_load(sines + d)), target + d);
    }
  #endif
  } else
#endif
  {
    for (int c = 0; c < HEAD_WIDTH; c += VECTOR) v_store(VALUE(c), target + c);
  }
}
