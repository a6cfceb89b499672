// activation — the element-wise functions of Operations/Activation.swift, on vectors.
//
//   0 identity   1 gelu (error function)   2 geluTanh   3 geluQuick   4 silu   5 relu
//
// The error function is a rational approximation of our own: minimax of relative error on [0, 3.92], just above 1 at the end
// and growing from there, so that it need only be cut off at 1; float32 cannot tell the true one from 1 beyond. Error at
// most 3.5e-7; NaN gives −1, and v_gelu keeps it by its factor x. The built-in erf is exact to the last bits and a hundred
// times slower on CPU devices. The others are quotients of exp, whose overflow to infinity gives the right limit.

#include "common.cl"

// Problem
#ifndef ACTIVATION
  #define ACTIVATION 0
#endif
#ifndef ROUNDED_RESULTS
  #define ROUNDED_RESULTS 0  // 1: results become operands of 16 bits, and gelu may be off by 5e-7
#endif

// A device that divides to the last bit by dozens of instructions may have a kernel divide otherwise.
#ifndef v_divide
  #define v_divide(a, b) ((a) / (b))
#endif

#ifndef v_power_of_2
  #define v_power_of_2(x) exp2(x)
#endif

static inline vfloat v_erf(vfloat x) {
  const vfloat t = fmin(x * x, (vfloat)(15.3664f));  // 3.92²
  vfloat p = (vfloat)(2.0501136e-06f);
  p = fma(p, t, (vfloat)(2.848791e-04f));
  p = fma(p, t, (vfloat)(3.7654622e-03f));
  p = fma(p, t, (vfloat)(5.274825e-02f));
  p = fma(p, t, (vfloat)(1.9040288e-01f));
  p = fma(p, t, (vfloat)(1.1283791f));
  vfloat q = (vfloat)(3.8091795e-05f);
  q = fma(q, t, (vfloat)(1.1624976e-03f));
  q = fma(q, t, (vfloat)(1.4968908e-02f));
  q = fma(q, t, (vfloat)(1.1410763e-01f));
  q = fma(q, t, (vfloat)(5.0207293e-01f));
  q = fma(q, t, (vfloat)(1.0f));
  return fmin(fmax(v_divide(x * p, q), (vfloat)(-1.0f)), (vfloat)(1.0f));
}

#if ROUNDED_RESULTS
// gelu(x) = max(x, 0) − |x|·Φ(−|x|), the logarithm of Φ a polynomial of our own: minimax of gelu's error on [0, 6], and ever
// smaller beyond.
static inline vfloat v_gelu(vfloat x) {
  const vfloat z = fabs(x);
  vfloat p = (vfloat)(-4.7329406e-04f);
  p = fma(p, z, (vfloat)(7.0844615e-03f));
  p = fma(p, z, (vfloat)(-5.182717e-02f));
  p = fma(p, z, (vfloat)(-4.5999265e-01f));
  p = fma(p, z, (vfloat)(-1.1507878f));
  p = fma(p, z, (vfloat)(-1.0000377f));
  return fma(-z, v_power_of_2(p), fmax(x, (vfloat)(0.0f)));
}
#else
static inline vfloat v_gelu(vfloat x) {
  const vfloat half_of_x = 0.5f * x;
  return fma(half_of_x, v_erf(x * 0.70710678f), half_of_x);
}
#endif

static inline vfloat v_sigmoid_times(vfloat x, vfloat argument) {
  return v_divide(x, (vfloat)(1.0f) + exp(-argument));
}

#if ACTIVATION == 0
  #define ACTIVATE(x) (x)
#elif ACTIVATION == 1
  #define ACTIVATE(x) v_gelu(x)
#elif ACTIVATION == 2
  // ½(1 + tanh u) = σ(2u), u = √(2/π)·(x + 0.044715·x³)
  #define ACTIVATE(x) v_sigmoid_times(x, 1.59576912f * fma(0.044715f * (x) * (x), (x), (x)))
#elif ACTIVATION == 3
  #define ACTIVATE(x) v_sigmoid_times(x, 1.702f * (x))
#elif ACTIVATION == 4
  #define ACTIVATE(x) v_sigmoid_times(x, x)
#elif ACTIVATION == 5
  // fmax would take 0 for NaN.
  #define ACTIVATE(x) v_select(x, (vfloat)(0.0f), isless(x, (vfloat)(0.0f)))
#else
  #error "ACTIVATION must be 0 to 5"
#endif
