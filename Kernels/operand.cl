// operand — the 16-bit numbers that matrix instructions multiply: float16 or bfloat16, to nearest, ties to even.
//
//   operand_pair(low, high)   two floats rounded, side by side in a word
//   operand_value(bits)       the float that the low 16 bits stand for; exact
//   storable(value)           value; NaN where it is too large for an operand
//
// An overflow must show in the answer: as infinity it could vanish in a softmax, as NaN it cannot.
#ifndef OPERAND_FORMS
#define OPERAND_FORMS

// Problem
#ifndef OPERAND
  #define OPERAND 0      // 0: float16, 1: bfloat16
#endif
#if OPERAND < 0 || OPERAND > 1
  #error "operand: OPERAND must be 0 or 1"
#endif
// What converts: 0 OpenCL C 1.2; 1 PTX of sm_80, a pair at once; 2 PTX of sm_75; 3 the type half.
#ifndef OPERAND_CONVERSION
  #define OPERAND_CONVERSION 0
#endif
#if OPERAND_CONVERSION == 3 && OPERAND == 0
  #pragma OPENCL EXTENSION cl_khr_fp16 : enable
#endif

// The upper 16 bits of the float.
static inline uint bfloat16_bits(float value) {
  const uint bits = as_uint(value);
  return (value != value ? bits | 0x400000u : bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

static inline uint operand_pair(float low, float high) {
#if OPERAND_CONVERSION == 1
  uint pair;
  #if OPERAND == 0
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  #else
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  #endif
  return pair;
#elif OPERAND_CONVERSION == 2
  uint pair;
  asm("{ .reg .f16 low, high; cvt.rn.f16.f32 low, %2; cvt.rn.f16.f32 high, %1; mov.b32 %0, {low, high}; }"
      : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#elif OPERAND == 1
  return bfloat16_bits(low) | (bfloat16_bits(high) << 16);
#elif OPERAND_CONVERSION == 3
  return as_uint((half2)((half)low, (half)high));
#else
  uint pair;
  vstore_half2_rte((float2)(low, high), 0, (half *)&pair);
  return pair;
#endif
}

#if OPERAND == 0
static inline float storable(float value) { return fabs(value) < 65520.0f ? value : NAN; }
#else
  #define storable(value) (value)
#endif

static inline float operand_value(uint bits) {
#if OPERAND == 1
  return as_float(bits << 16);
#else
  const ushort narrow = (ushort)bits;
  return vload_half(0, (const half *)&narrow);
#endif
}
#endif
