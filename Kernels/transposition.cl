// transposition — a square of VECTOR × VECTOR floats, in registers.
//
//   Each round puts the even elements of neighbouring rows into one row and the odd elements into another, half the
//   rows below; after log₂ VECTOR rounds rows have become columns.
#include "common.cl"

static inline vfloat even_elements(vfloat a, vfloat b) {
#if VECTOR == 1
  return a;
#else
  return (vfloat)(a.even, b.even);
#endif
}

static inline vfloat odd_elements(vfloat a, vfloat b) {
#if VECTOR == 1
  return a;
#else
  return (vfloat)(a.odd, b.odd);
#endif
}

static inline void transpose(vfloat *rows) {
  #pragma unroll
  for (int round = 1; round < VECTOR; round *= 2) {
    vfloat next[VECTOR];
    #pragma unroll
    for (int i = 0; i < VECTOR / 2; ++i) {
      next[i] = even_elements(rows[2 * i], rows[2 * i + 1]);
      next[i + VECTOR / 2] = odd_elements(rows[2 * i], rows[2 * i + 1]);
    }
    #pragma unroll
    for (int i = 0; i < VECTOR; ++i) rows[i] = next[i];
  }
}
