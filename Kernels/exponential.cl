// exponential — 2ˣ on vectors, for kernels whose time goes into it.
//
//   For x up to 127, as softmax has it, where nothing is above 0; below −126 it stays at 2⁻¹²⁶, the smallest normal
//   number; NaN stays NaN. 2ˣ = 2ⁿ·2ʳ with n = round(x); 2ʳ by a minimax polynomial of our own on |r| ≤ ½. Error at most
//   8e-8 relative. Softmax takes eˣ as 2 to the x·log₂e, the factor in its scale.
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

#define V_EACH(count, statement)    \
  _Pragma("unroll")                 \
  for (int i = 0; i < (count); ++i) { statement; }

// values[i] = 2 to the values[i], for count of them. Each step is done for all of them before the next: the steps of one
// wait for each other, and a core that looks a few dozen operations ahead finds nothing else to do meanwhile.
//   1. Clamped by a comparison that NaN fails.
//   2. n in the low bits of a float whose unit is 1; what is left, r, is exact.
//   3. The polynomial.
//   4. n added to the exponent.
#define V_EXP2_EACH(values, count)                                                                              \
  {                                                                                                             \
    vfloat shifted[count], r[count], p[count];                                                                  \
    V_EACH(count, values[i] = v_select(values[i], (vfloat)(-126.0f), isless(values[i], (vfloat)(-126.0f))))     \
    V_EACH(count, shifted[i] = values[i] + 12582912.0f)                                                         \
    V_EACH(count, r[i] = values[i] - (shifted[i] - 12582912.0f))                                                \
    V_EACH(count, p[i] = fma((vfloat)(1.5353362e-4f), r[i], (vfloat)(1.3398875e-3f)))                           \
    V_EACH(count, p[i] = fma(p[i], r[i], (vfloat)(9.6184369e-3f)))                                              \
    V_EACH(count, p[i] = fma(p[i], r[i], (vfloat)(5.5503324e-2f)))                                              \
    V_EACH(count, p[i] = fma(p[i], r[i], (vfloat)(2.4022648e-1f)))                                              \
    V_EACH(count, p[i] = fma(p[i], r[i], (vfloat)(6.9314718e-1f)))                                              \
    V_EACH(count, p[i] = fma(p[i], r[i], (vfloat)(1.0f)))                                                       \
    V_EACH(count, values[i] = v_as_float(v_as_int(p[i]) + (v_as_int(shifted[i]) << 23)))                        \
  }

static inline vfloat v_exp2(const vfloat x) {
  vfloat values[1] = {x};
  V_EXP2_EACH(values, 1)
  return values[0];
}
