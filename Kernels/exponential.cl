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

static inline vfloat v_exp2(vfloat x) {
  // 1. Clamped by a comparison that NaN fails.
  x = v_select(x, (vfloat)(-126.0f), isless(x, (vfloat)(-126.0f)));
  // 2. n in the low bits of a float whose unit is 1; what is left is exact.
  const vfloat shifted = x + 12582912.0f;
  const vfloat r = x - (shifted - 12582912.0f);
  vfloat p = (vfloat)(1.5353362e-4f);
  p = fma(p, r, (vfloat)(1.3398875e-3f));
  p = fma(p, r, (vfloat)(9.6184369e-3f));
  p = fma(p, r, (vfloat)(5.5503324e-2f));
  p = fma(p, r, (vfloat)(2.4022648e-1f));
  p = fma(p, r, (vfloat)(6.9314718e-1f));
  p = fma(p, r, (vfloat)(1.0f));
  // 3. n added to the exponent.
  return v_as_float(v_as_int(p) + (v_as_int(shifted) << 23));
}
