// matrix_instruction — what matrix.cl asks of a device, by its own instructions. Its compiler alone knows them: inline PTX,
// and the built-in functions of AMD's and Intel's compilers; shuffles are an extension of OpenCL C.
#include "matrix_layout.cl"
#if !EMULATED

#define MATRIX_MEMORY(waves)
#define MATRIX_WAVE(item) {(item) & (LANES - 1)}

#if !IS_SUBGROUP
static inline wave inside_loop(wave self, int iteration) { return self; }
#endif

#if IS_PTX
#define MATRIX_ATTRIBUTES
static inline uint4 load_words(__local const uint4 *row, wave self) {
  uint4 words;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words.x), "=r"(words.y), "=r"(words.z), "=r"(words.w) : "l"(row) : "memory");
  return words;
}

static inline uint4 load_words_transposed(__local const uint4 *row, wave self) {
  uint4 words;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words.x), "=r"(words.y), "=r"(words.z), "=r"(words.w) : "l"(row) : "memory");
  return words;
}

  #if OPERAND == 0
    #define PTX_OPERANDS "f32.f16.f16.f32"
  #else
    #define PTX_OPERANDS "f32.bf16.bf16.f32"
  #endif
  #if MATRIX == 1
static inline void multiply_8_columns(float *c, uint4 a, uint low, uint high) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col." PTX_OPERANDS
               " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(low), "r"(high));
}
  #else
static inline void multiply_8_columns_8_k(float *c, uint2 a, uint b) {
  asm volatile("mma.sync.aligned.m16n8k8.row.col." PTX_OPERANDS
               " {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a.x), "r"(a.y), "r"(b));
}

static inline void multiply_8_columns(float *c, uint4 a, uint low, uint high) {
  multiply_8_columns_8_k(c, a.lo, low);
  multiply_8_columns_8_k(c, a.hi, high);
}
  #endif

static inline void multiply(float *c, fragment_a a, fragment_b b, wave self) {
  multiply_8_columns(c, a, b.x, b.y);
  multiply_8_columns(c + 4, a, b.z, b.w);
}

static inline float exchange(float value, int mask, wave self) {
  float result;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;" : "=f"(result) : "f"(value), "r"(mask));
  return result;
}

static inline float power_of_2(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

#elif IS_AMD
#define MATRIX_ATTRIBUTES
  #if OPERAND == 0
typedef half element;
  #else
typedef short element;
  #endif
typedef element elements __attribute__((ext_vector_type(B_ELEMENTS)));
typedef float sums __attribute__((ext_vector_type(SUMS)));
  #if MATRIX == 3
    #if OPERAND == 0
      #define PRODUCT(a, b, c) __builtin_amdgcn_mfma_f32_16x16x16f16(a, b, c, 0, 0, 0)
    #else
      #define PRODUCT(a, b, c) __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(a, b, c, 0, 0, 0)
    #endif
  #elif MATRIX == 4
    #if OPERAND == 0
      #define PRODUCT(a, b, c) __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(a, b, c)
    #else
      #define PRODUCT(a, b, c) __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(a, b, c)
    #endif
  #else
    #if OPERAND == 0
      #define PRODUCT(a, b, c) __builtin_amdgcn_wmma_f32_16x16x16_f16_w32_gfx12(a, b, c)
    #else
      #define PRODUCT(a, b, c) __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32_gfx12(a, b, c)
    #endif
  #endif

static inline void multiply(float *c, fragment_a a, fragment_b b, wave self) {
  sums sum;
  UNROLL
  for (int e = 0; e < SUMS; ++e) sum[e] = c[e];
  sum = PRODUCT(__builtin_astype(a, elements), __builtin_astype(b, elements), sum);
  UNROLL
  for (int e = 0; e < SUMS; ++e) c[e] = sum[e];
}

static inline float exchange(float value, int mask, wave self) {
  return as_float(__builtin_amdgcn_ds_bpermute((self.lane ^ mask) * 4, as_int(value)));
}

static inline float power_of_2(float x) { return native_exp2(x); }

#else
#define MATRIX_ATTRIBUTES __attribute__((intel_reqd_sub_group_size(LANES)))
  #ifdef cl_khr_subgroup_shuffle
    #pragma OPENCL EXTENSION cl_khr_subgroup_shuffle : enable
    #define SHUFFLE(value, lane) sub_group_shuffle(value, (uint)(lane))
    #define SHUFFLE_XOR(value, mask) sub_group_shuffle_xor(value, (uint)(mask))
  #else
    #define SHUFFLE(value, lane) intel_sub_group_shuffle(value, (uint)(lane))
    #define SHUFFLE_XOR(value, mask) intel_sub_group_shuffle_xor(value, (uint)(mask))
  #endif

  #if MATRIX == 9
// A row of A goes round at a time. Which lane speaks is a constant, so that where registers are shared by a sub-group no
// number moves: the fma reads it where it is. (Of 16 lanes, twice as many sums would leave 128 registers no room.)
static inline void multiply(float *c, fragment_a a, fragment_b b, wave self) {
  uint rows[16], pairs[8];
  float column[16];
  vstore8(a.top, 0, rows);
  vstore8(a.bottom, 1, rows);
  vstore8(b, 0, pairs);
  UNROLL
  for (int k = 0; k < 16; ++k) column[k] = operand_value(k % 2 == 0 ? pairs[k / 2] & 0xffffu : pairs[k / 2] >> 16);
  UNROLL
  for (int r = 0; r < 16; ++r) {
    const float even = operand_value(rows[r] & 0xffffu), odd = operand_value(rows[r] >> 16);
    UNROLL
    for (int k = 0; k < 16; ++k) c[r] = fma(SHUFFLE(k % 2 == 0 ? even : odd, k / 2), column[k], c[r]);
  }
}

// Not native_exp2: how good that is depends on the driver, and there are many.
static inline float power_of_2(float x) { return exp2(x); }

  #else
  #if MATRIX == 6
typedef int8 rows_of_a;
    #define ROWS_OF_A(words) as_int8(words)
  #else
typedef short8 rows_of_a;
    #define ROWS_OF_A(words) as_short8(words)
  #endif
  #if OPERAND == 0
    #define PRODUCT(a, b, c) intel_sub_group_f16_f16_matrix_mad_k16(a, b, c)
  #else
    #define PRODUCT(a, b, c) intel_sub_group_bf16_bf16_matrix_mad_k16(a, b, c)
  #endif
  #ifndef cl_intel_subgroup_matrix_multiply_accumulate
float8 __attribute__((overloadable)) PRODUCT(rows_of_a a, int8 b, float8 c);
  #endif

static inline void multiply(float *c, fragment_a a, fragment_b b, wave self) {
  vstore8(PRODUCT(ROWS_OF_A(a.top), as_int8(b), vload8(0, c)), 0, c);
  vstore8(PRODUCT(ROWS_OF_A(a.bottom), as_int8(b), vload8(1, c)), 1, c);
}

static inline float power_of_2(float x) { return native_exp2(x); }
  #endif

// A lane that seems to change with the iteration: else the compiler computes all addresses of a tile ahead of the loop, for
// it has a register for each, and spills most of them. Launches have no offset.
static inline wave inside_loop(wave self, int iteration) {
  self.lane += (int)get_global_offset(0) & iteration;
  return self;
}

static inline float exchange(float value, int mask, wave self) { return SHUFFLE_XOR(value, mask); }
#endif
#endif
