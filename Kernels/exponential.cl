// exponential — eˣ on vectors, for kernels whose time goes into it.
//
//   x is clamped to −87…88, where eˣ is a normal number; NaN stays NaN. Cody and Waite, "Software Manual for the
//   Elementary Functions", 1980: eˣ = 2ⁿ·eʳ with n = round(x/ln 2) and ln 2 in two parts; eʳ by a minimax polynomial of
//   our own on |r| ≤ ½ ln 2. Error at most 8e-8 relative on −87…0, where softmax needs it.
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

static inline vfloat v_exp(vfloat x) {
  // 1. Clamped by comparisons that NaN fails.
  x = v_select(x, (vfloat)(-87.0f), isless(x, (vfloat)(-87.0f)));
  x = v_select(x, (vfloat)(88.0f), isgreater(x, (vfloat)(88.0f)));
  // 2. n in the low bits of a float whose unit is 1.
  const vfloat shifted = fma(x, (vfloat)(1.44269504f), (vfloat)(12582912.0f));
  const vfloat n = shifted - 12582912.0f;
  // 3. r = x − n·ln 2, the first part exact.
  const vfloat r = fma(n, (vfloat)(2.12194440e-4f), fma(n, (vfloat)(-0.693359375f), x));
  vfloat p = (vfloat)(1.3813143e-3f);
  p = fma(p, r, (vfloat)(8.3694188e-3f));
  p = fma(p, r, (vfloat)(4.1668456e-2f));
  p = fma(p, r, (vfloat)(1.66665151e-1f));
  p = fma(p, r, (vfloat)(4.9999994e-1f));
  p = fma(p, r, (vfloat)(1.0f));
  p = fma(p, r, (vfloat)(1.0f));
  // 4. n added to the exponent.
  return v_as_float(v_as_int(p) + (v_as_int(shifted) << 23));
}
