// common — what every kernel shares: the vector type, guarded loads, statistics of a row.
//
//   vfloat                         VECTOR floats (1, 2, 4, 8 or 16); v_load, v_store, v_sum, v_max work on it
//   store_first(v, p, count)       stores the first count elements of v; all of them where count is larger
//   load_first(p, count)           the counterpart; elements past count are zero
//   row_normalizer(x, width, ε)    layer norm's statistics of a row, by one item
//   row_group()                    which of the groups of rows this is, in a launch by blocks of rows
//   prefetch_line(p)               a hint to bring the 64 bytes at p into L2
//
// Products and sums are written as fma() where one rounding is meant; the compiler may not contract others, so that a
// row gives the same bits whatever stands around it.
#ifndef COMMON
#define COMMON
#pragma OPENCL FP_CONTRACT OFF

// Tuning
#ifndef VECTOR
  #define VECTOR 4       // floats per vector
#endif

// Problem
#ifndef ROOT_MEAN_SQUARE
  #define ROOT_MEAN_SQUARE 0  // 1: row_normalizer leaves the mean where it is (RMS norm)
#endif

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

#if VECTOR == 1
typedef float vfloat;
  #define v_load(p) (*(p))
  #define v_store(v, p) (*(p) = (v))
  #define v_sum(v) (v)
  #define v_max(v) (v)
  #define v_select(a, b, mask) ((mask) ? (b) : (a))
#elif VECTOR == 2 || VECTOR == 4 || VECTOR == 8 || VECTOR == 16
typedef PASTE(float, VECTOR) vfloat;
  #define v_select(a, b, mask) select(a, b, mask)
#else
  #error "VECTOR must be 1, 2, 4, 8 or 16"
#endif

// A vector at the address of any float. Where the compiler is clang it is one access; vloadN and vstoreN are N of them in
// PoCL's library, and putting them together again was a third of what compiling a kernel took.
#if VECTOR > 1 && defined(__clang__)
typedef __attribute__((aligned(4))) vfloat vfloat_anywhere;
static inline __attribute__((overloadable)) vfloat v_load(__global const float *p) {
  return *(__global const vfloat_anywhere *)p;
}
static inline __attribute__((overloadable)) vfloat v_load(__local const float *p) {
  return *(__local const vfloat_anywhere *)p;
}
static inline __attribute__((overloadable)) vfloat v_load(__private const float *p) {
  return *(__private const vfloat_anywhere *)p;
}
static inline __attribute__((overloadable)) void v_store(vfloat v, __global float *p) {
  *(__global vfloat_anywhere *)p = v;
}
static inline __attribute__((overloadable)) void v_store(vfloat v, __local float *p) {
  *(__local vfloat_anywhere *)p = v;
}
static inline __attribute__((overloadable)) void v_store(vfloat v, __private float *p) {
  *(__private vfloat_anywhere *)p = v;
}
#elif VECTOR > 1
  #define v_load(p) PASTE(vload, VECTOR)(0, p)
  #define v_store(v, p) PASTE(vstore, VECTOR)(v, 0, p)
#endif

// Halving, so that the order of the sum is the same on every device.
#if VECTOR == 2
  #define v_sum(v) ((v).x + (v).y)
  #define v_max(v) fmax((v).x, (v).y)
#elif VECTOR == 4
static inline float v_sum(float4 v) { const float2 a = v.lo + v.hi; return a.x + a.y; }
static inline float v_max(float4 v) { const float2 a = fmax(v.lo, v.hi); return fmax(a.x, a.y); }
#elif VECTOR == 8
static inline float v_sum(float8 v) { const float4 a = v.lo + v.hi; const float2 b = a.lo + a.hi; return b.x + b.y; }
static inline float v_max(float8 v) {
  const float4 a = fmax(v.lo, v.hi); const float2 b = fmax(a.lo, a.hi); return fmax(b.x, b.y);
}
#elif VECTOR == 16
static inline float v_sum(float16 v) {
  const float8 a = v.lo + v.hi; const float4 b = a.lo + a.hi; const float2 c = b.lo + b.hi; return c.x + c.y;
}
static inline float v_max(float16 v) {
  const float8 a = fmax(v.lo, v.hi); const float4 b = fmax(a.lo, a.hi); const float2 c = fmax(b.lo, b.hi);
  return fmax(c.x, c.y);
}
#endif

// Rows that do not end where a vector does. A width that is a multiple of VECTOR, as nearly all are, compiles none of the
// element-wise code, which is most of what a compiler would spend its time on.
#ifndef ROW_WIDTH
  #define ROW_WIDTH 1    // elements per row of what load_first and store_first are used on
#endif

static inline void store_first(vfloat v, __global float *p, int count) {
#if ROW_WIDTH % VECTOR == 0
  if (count > 0) v_store(v, p);
#else
  if (count >= VECTOR) {
    v_store(v, p);
  } else {
    float parts[VECTOR];
    v_store(v, parts);
    for (int i = 0; i < count; ++i) p[i] = parts[i];
  }
#endif
}

static inline vfloat load_first(__global const float *p, int count) {
#if ROW_WIDTH % VECTOR == 0
  return count > 0 ? v_load(p) : (vfloat)(0.0f);
#else
  if (count >= VECTOR) return v_load(p);
  float parts[VECTOR];
  for (int i = 0; i < VECTOR; ++i) parts[i] = i < count ? p[i] : 0.0f;
  return v_load(parts);
#endif
}

// Groups of rows × panels × blocks of rows: a block is small enough to be in the cache still when the next panel of the
// weight comes to its rows.
static inline int row_group(void) { return get_group_id(2) * get_num_groups(0) + get_group_id(0); }

// OpenCL's own prefetch does nothing in PoCL, whose compiler is clang for the processor itself and has a builtin.
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
  #define prefetch_line(p) __builtin_prefetch((const void *)(size_t)(p), 0, 2)
#else
  #define prefetch_line(p) prefetch(p, 16)
#endif

// What turns x into its normalized value: (x − mean) · factor + offset.
typedef struct {
  float mean;    // as far as a float can hold it
  float factor;  // 1/√(var + ε)
  float offset;  // −factor · what the float mean left out
} normalizer;

// From the sums of centred values and their squares. The second sum would be 0 if the mean were exact; at a mean of
// 5000 its rounding is as large as the values are.
static inline normalizer make_normalizer(float mean, float centred_sum, float square_sum, int width, float epsilon) {
#if ROOT_MEAN_SQUARE
  const float rest = 0.0f;
#else
  const float rest = centred_sum / width;
#endif
  normalizer n;
  n.mean = mean;
  n.factor = 1.0f / sqrt(fma(-rest, rest, square_sum / width) + epsilon);
  n.offset = -rest * n.factor;
  return n;
}

// The mean first, then the centred squares: one pass over x² loses everything at a mean of 5000. Ba et al.,
// arXiv:1607.06450. RMS norm (Zhang and Sennrich, arXiv:1910.07467) is the same around 0.
static inline normalizer row_normalizer(__global const float *x, int width, float epsilon) {
  const int whole = width / VECTOR * VECTOR;
#if ROOT_MEAN_SQUARE
  const float mean = 0.0f;
#else
  vfloat sums = (vfloat)(0.0f);
  float sum = 0.0f;
  for (int d = 0; d < whole; d += VECTOR) sums += v_load(x + d);
  for (int d = whole; d < width; ++d) sum += x[d];
  const float mean = (v_sum(sums) + sum) / width;
#endif
  vfloat centred_sums = (vfloat)(0.0f), squares = (vfloat)(0.0f);
  float centred_sum = 0.0f, square = 0.0f;
  for (int d = 0; d < whole; d += VECTOR) {
    const vfloat centred = v_load(x + d) - mean;
    centred_sums += centred;
    squares = fma(centred, centred, squares);
  }
  for (int d = whole; d < width; ++d) {
    const float centred = x[d] - mean;
    centred_sum += centred;
    square = fma(centred, centred, square);
  }
  return make_normalizer(mean, v_sum(centred_sums) + centred_sum, v_sum(squares) + square, width, epsilon);
}
#endif
