// transposition — a square of VECTOR × VECTOR floats, in registers.
//
//   Each round puts the even elements of neighbouring rows into one row and the odd elements into another, half the
//   rows below; after log₂ VECTOR rounds rows have become columns.
#include "common.cl"

// Element by element: a half vector widened to a whole one, (vfloat)(a.even, b.even), has undefined lanes on its way, on
// which oclgrind's search for uninitialized values crashes. Compilers make the same shuffles of both.
#if VECTOR == 1
  #define EVEN_ELEMENTS(a, b) (a)
  #define ODD_ELEMENTS(a, b) (a)
#elif VECTOR == 2
  #define EVEN_ELEMENTS(a, b) (vfloat)(a.s0, b.s0)
  #define ODD_ELEMENTS(a, b) (vfloat)(a.s1, b.s1)
#elif VECTOR == 4
  #define EVEN_ELEMENTS(a, b) (vfloat)(a.s0, a.s2, b.s0, b.s2)
  #define ODD_ELEMENTS(a, b) (vfloat)(a.s1, a.s3, b.s1, b.s3)
#elif VECTOR == 8
  #define EVEN_ELEMENTS(a, b) (vfloat)(a.s0, a.s2, a.s4, a.s6, b.s0, b.s2, b.s4, b.s6)
  #define ODD_ELEMENTS(a, b) (vfloat)(a.s1, a.s3, a.s5, a.s7, b.s1, b.s3, b.s5, b.s7)
#else
  #define EVEN_ELEMENTS(a, b)                                                                       \
    (vfloat)(a.s0, a.s2, a.s4, a.s6, a.s8, a.sa, a.sc, a.se, b.s0, b.s2, b.s4, b.s6, b.s8, b.sa, b.sc, b.se)
  #define ODD_ELEMENTS(a, b)                                                                        \
    (vfloat)(a.s1, a.s3, a.s5, a.s7, a.s9, a.sb, a.sd, a.sf, b.s1, b.s3, b.s5, b.s7, b.s9, b.sb, b.sd, b.sf)
#endif

static inline void transpose(vfloat *rows) {
  #pragma unroll
  for (int round = 1; round < VECTOR; round *= 2) {
    vfloat next[VECTOR];
    #pragma unroll
    for (int i = 0; i < VECTOR / 2; ++i) {
      next[i] = EVEN_ELEMENTS(rows[2 * i], rows[2 * i + 1]);
      next[i + VECTOR / 2] = ODD_ELEMENTS(rows[2 * i], rows[2 * i + 1]);
    }
    #pragma unroll
    for (int i = 0; i < VECTOR; ++i) rows[i] = next[i];
  }
}
