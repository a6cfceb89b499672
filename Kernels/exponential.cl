// exponential — 2ˣ on vectors, for kernels whose time goes into it.
//
//   For x up to 127, as softmax has it, where nothing is above 0; below −126 it stays at 2⁻¹²⁶, the smallest normal
//   number; NaN stays NaN. 2ˣ = 2ⁿ·2ʳ with n = round(x); 2ʳ by a minimax polynomial of our own on |r| ≤ ½. Error at most
//   8e-8 relative. Softmax takes eˣ as 2 to the x·log₂e, the factor in its scale.
//
//   V_EXP2_EACH(values, count)   values[i] = 2 to the values[i], for an array of count vectors
#include "common.cl"

#if VECTOR == 1
typedef int vint;
  #define v_as_int(x) as_int(x)
  #define v_as_float(x) as_float(x)
#else
typedef PASTE(int, VECTOR) vint;
  #define v_as_int(x) PASTE(as_int, VECTOR)(x)
  #define v_as_float(x) PASTE(as_float, VECTOR)(x)
#endif

#define LOG2_E 1.44269504f

// Each step is done for all vectors before the next: the steps of one wait for each other, and a core that looks a few
// dozen operations ahead finds nothing else to do meanwhile. A macro, for arrays of as many vectors as the caller has; its
// names are its own.
//   1. Clamped by a comparison that NaN fails.
//   2. n in the low bits of a float whose unit is 1; what is left, r, is exact.
//   3. The polynomial.
//   4. n added to the exponent.
#define EXP2_STEP(count, statement) \
  _Pragma("unroll")                 \
  for (int exp2_i = 0; exp2_i < (count); ++exp2_i) { statement; }
#define EXP2_OF(array) array[exp2_i]
#define EXP2_TERM(count, coefficient) \
  EXP2_STEP(count, EXP2_OF(exp2_p) = fma(EXP2_OF(exp2_p), EXP2_OF(exp2_r), (vfloat)(coefficient)))
#define V_EXP2_EACH(values, count)                                                                                 \
  {                                                                                                                \
    vfloat exp2_n[count], exp2_r[count], exp2_p[count];                                                            \
    EXP2_STEP(count, EXP2_OF(values) = v_select(EXP2_OF(values), (vfloat)(-126.0f),                                \
                                                isless(EXP2_OF(values), (vfloat)(-126.0f))))                       \
    EXP2_STEP(count, EXP2_OF(exp2_n) = EXP2_OF(values) + 12582912.0f)                                              \
    EXP2_STEP(count, EXP2_OF(exp2_r) = EXP2_OF(values) - (EXP2_OF(exp2_n) - 12582912.0f))                          \
    EXP2_STEP(count, EXP2_OF(exp2_p) = (vfloat)(1.5353362e-4f))                                                    \
    EXP2_TERM(count, 1.3398875e-3f)                                                                                \
    EXP2_TERM(count, 9.6184369e-3f)                                                                                \
    EXP2_TERM(count, 5.5503324e-2f)                                                                                \
    EXP2_TERM(count, 2.4022648e-1f)                                                                                \
    EXP2_TERM(count, 6.9314718e-1f)                                                                                \
    EXP2_TERM(count, 1.0f)                                                                                         \
    EXP2_STEP(count, EXP2_OF(values) = v_as_float(v_as_int(EXP2_OF(exp2_p)) + (v_as_int(EXP2_OF(exp2_n)) << 23)))  \
  }
