// quantization — the rows that linear_int8.cl and linear_operand.cl multiply, from float32.
//
//   v = n(x[m, :]) or x[m, :]     n(x) = (x − mean)/√(var + ε) ⊙ γ + β
//   bytes      l = min v,  s = (max v − l) / 255,  q[k] = round((v[k] − l) / s), 0…255
//   bfloat16   r[k] = v[k] to the nearest of 8 significant bits, ties to even
//   float16    h[k] = v[k] to the nearest of 11 significant bits, ties to even; NaN where it is too large
//
//   x            [rows, INPUTS]  float  in
//   gamma, beta  [INPUTS]        float  in   read only with NORM
//   epsilon      ε               float  in   read only with NORM
//   y            [rows, …]       words  out  every word written; a row by STORAGE:
//                0 bytes          s, l, 0, 0, then four q a word, first in the low byte
//                1 signed bytes   s, l, −Σ of the negative q − 128, 0; four |q − 128| a word; four signs a word, 255 or 0
//                2 bfloat16       two r a word
//                3 float          r as floats, an even number of them
//                4 float          h as floats, an even number of them
//
//   Launch    one item a row, in groups of one
//   Local     none
//   Numerics  two-pass statistics; the range of a row is its own, so that a row does not depend on the rows around it.
//             A row with NaN or infinity gets the scale NaN: what is no number never looks like one
//   Work      12·rows·INPUTS flop, 5·rows·INPUTS bytes: memory bound
//   Host      Sources/OpenCLOperations/Operations/Linear+Narrow.swift
//   Definition  Sources/Operations/Reference/Linear.swift
#include "common.cl"

// Problem
#ifndef INPUTS
  #define INPUTS 768     // elements per row of x
#endif
#ifndef NORM
  #define NORM 0         // 1: layer norm first
#endif
#ifndef STORAGE
  #define STORAGE 0      // what y holds
#endif
#define WHOLE (INPUTS / VECTOR * VECTOR)  // elements in whole vectors
#define WORDS ((INPUTS + 3) / 4)          // words of four bytes
#define PAIRS ((INPUTS + 1) / 2)          // pairs of elements

#if VECTOR == 4
typedef uint vwords;
typedef uint2 vpairs;
  #define w_store(v, p) (*(p) = (v))
  #define p_store(v, p) vstore2(v, 0, p)
#elif VECTOR == 8
typedef uint2 vwords;
typedef uint4 vpairs;
  #define w_store(v, p) vstore2(v, 0, p)
  #define p_store(v, p) vstore4(v, 0, p)
#elif VECTOR == 16
typedef uint4 vwords;
typedef uint8 vpairs;
  #define w_store(v, p) vstore4(v, 0, p)
  #define p_store(v, p) vstore8(v, 0, p)
#else
  #error "quantization: VECTOR must be 4, 8 or 16"
#endif
typedef PASTE(uint, VECTOR) vuint;
typedef PASTE(int, VECTOR) vint;
#define as_vuint(v) PASTE(as_uint, VECTOR)(v)
#define as_vint(v) PASTE(as_int, VECTOR)(v)
#define as_vfloat(v) PASTE(as_float, VECTOR)(v)

#if NORM
  #define V_VALUE(d) fma(fma(v_load(source + (d)) - n.mean, (vfloat)(n.factor), (vfloat)(n.offset)), v_load(gamma + (d)), v_load(beta + (d)))
  #define VALUE(d) fma(fma(source[d] - n.mean, n.factor, n.offset), gamma[d], beta[d])
#else
  #define V_VALUE(d) v_load(source + (d))
  #define VALUE(d) source[d]
#endif

// Bytes in the low ends of lanes to words of four.
static inline vwords pack_bytes(vuint bytes) {
  const vpairs pairs = bytes.even | (bytes.odd << 8);
  return pairs.even | (pairs.odd << 16);
}

// Adding 1.5·2²³ leaves the nearest integer in the low bits of the sum.
static inline vuint v_quantize(vfloat value, float factor, float zero) {
  const vfloat steps = fma(value, (vfloat)(factor), (vfloat)(zero));
  return as_vuint(fmin(fmax(steps, (vfloat)(0.0f)), (vfloat)(255.0f)) + 12582912.0f) & 0xffu;
}

static inline uint quantize(float value, float factor, float zero) {
  return as_uint(fmin(fmax(fma(value, factor, zero), 0.0f), 255.0f) + 12582912.0f) & 0xffu;
}

static inline uint round_to_bfloat16(float value) {
  const uint bits = as_uint(value);
  return (value != value ? bits | 0x400000u : bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u;
}

static inline vuint v_round_to_bfloat16(vfloat value) {
  const vuint bits = as_vuint(value);
  const vuint rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  return select(rounded, bits | 0x400000u, value != value) & 0xffff0000u;
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void quantization(__global const float *restrict x, __global const float *restrict gamma,
                  __global const float *restrict beta, const float epsilon, __global uint *restrict y) {
  __global const float *source = x + (size_t)get_group_id(0) * INPUTS;
#if NORM
  const normalizer n = row_normalizer(source, INPUTS, epsilon);
#endif

#if STORAGE <= 1
  // 1. The range. It need not hold 0, nor a byte stand for it: the error of DeiT-tiny's logits, root mean square, is
  // 3 % smaller so, and 6 % in a model of the scheme.
  vfloat highs = (vfloat)(-INFINITY), depths = (vfloat)(-INFINITY), nothings = (vfloat)(0.0f);
  for (int d = 0; d < WHOLE; d += VECTOR) {
    const vfloat value = V_VALUE(d);
    highs = fmax(highs, value);
    depths = fmax(depths, -value);
    nothings = fma(value, (vfloat)(0.0f), nothings);  // NaN where a value is none or infinite
  }
  float high = v_max(highs), depth = v_max(depths), nothing = v_sum(nothings);
  for (int d = WHOLE; d < INPUTS; ++d) {
    const float value = VALUE(d);
    high = fmax(high, value);
    depth = fmax(depth, -value);
    nothing = fma(value, 0.0f, nothing);
  }
  const float range = high + depth;
  const bool is_flat = range < 1e-30f;  // 255/range would overflow
  const float factor = is_flat ? 0.0f : 255.0f / range;
  const float zero = depth * factor;

  // 2. The bytes.
  __global uint *target = y + (size_t)get_group_id(0) * (4 + (STORAGE + 1) * WORDS);
  target[0] = as_uint((is_flat ? 0.0f : range / 255.0f) + nothing);
  target[1] = as_uint(-depth);
  target[3] = 0;
  #if STORAGE == 0
  target[2] = 0;
  for (int d = 0; d < WHOLE; d += VECTOR) w_store(pack_bytes(v_quantize(V_VALUE(d), factor, zero)), target + 4 + d / 4);
  for (int word = WHOLE / 4; word < WORDS; ++word) {
    uint bytes = 0;
    for (int d = word * 4; d < min(word * 4 + 4, INPUTS); ++d) bytes |= quantize(VALUE(d), factor, zero) << (8 * (d & 3));
    target[4 + word] = bytes;
  }
  #else
  vint negatives = (vint)(0);
  for (int d = 0; d < WHOLE; d += VECTOR) {
    const vint centred = as_vint(v_quantize(V_VALUE(d), factor, zero)) - 128;
    const vint mask = centred >> 31;
    const vint magnitude = (centred ^ mask) - mask;
    negatives += magnitude & mask;
    w_store(pack_bytes(as_vuint(magnitude)), target + 4 + d / 4);
    w_store(pack_bytes(as_vuint(mask) & 0xffu), target + 4 + WORDS + d / 4);
  }
  int parts[VECTOR];
  PASTE(vstore, VECTOR)(negatives, 0, parts);
  int negative = 0;
  for (int i = 0; i < VECTOR; ++i) negative += parts[i];
  for (int word = WHOLE / 4; word < WORDS; ++word) {
    uint magnitudes = 0, masks = 0;
    for (int d = word * 4; d < min(word * 4 + 4, INPUTS); ++d) {
      const int centred = (int)quantize(VALUE(d), factor, zero) - 128;
      magnitudes |= abs(centred) << (8 * (d & 3));
      masks |= (centred < 0 ? 0xffu : 0u) << (8 * (d & 3));
      negative += centred < 0 ? -centred : 0;
    }
    target[4 + word] = magnitudes;
    target[4 + WORDS + word] = masks;
  }
  target[2] = (uint)negative;
  #endif
#elif STORAGE == 2
  __global uint *target = y + (size_t)get_group_id(0) * PAIRS;
  for (int d = 0; d < WHOLE; d += VECTOR) {
    const vuint rounded = v_round_to_bfloat16(V_VALUE(d));
    p_store((rounded.even >> 16) | rounded.odd, target + d / 2);
  }
  for (int d = WHOLE; d < INPUTS; d += 2) {
    target[d / 2] = (round_to_bfloat16(VALUE(d)) >> 16) | (d + 1 < INPUTS ? round_to_bfloat16(VALUE(min(d + 1, INPUTS - 1))) : 0u);
  }
#elif STORAGE == 3
  __global float *target = (__global float *)y + (size_t)get_group_id(0) * (2 * PAIRS);
  for (int d = 0; d < WHOLE; d += VECTOR) v_store(as_vfloat(v_round_to_bfloat16(V_VALUE(d))), target + d);
  for (int d = WHOLE; d < INPUTS; ++d) target[d] = as_float(round_to_bfloat16(VALUE(d)));
  if (INPUTS % 2 != 0) target[2 * PAIRS - 1] = 0.0f;
#elif STORAGE == 4
  __global float *target = (__global float *)y + (size_t)get_group_id(0) * (2 * PAIRS);
  ushort parts[VECTOR];
  for (int d = 0; d < WHOLE; d += VECTOR) {
    PASTE(PASTE(vstore_half, VECTOR), _rte)(V_VALUE(d), 0, (half *)parts);
    const vfloat rounded = PASTE(vload_half, VECTOR)(0, (const half *)parts);
    v_store(rounded + (rounded - rounded), target + d);  // NaN where it is infinite
  }
  for (int d = WHOLE; d < 2 * PAIRS; ++d) {
    vstore_half_rte(d < INPUTS ? VALUE(min(d, INPUTS - 1)) : 0.0f, 0, (half *)parts);
    const float rounded = vload_half(0, (const half *)parts);
    target[d] = rounded + (rounded - rounded);
  }
#else
  #error "quantization: STORAGE must be 0 to 4"
#endif
}
