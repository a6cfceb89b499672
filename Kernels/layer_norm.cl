// layer_norm — y = r + (x − mean) / √(var + ε) ⊙ γ + β over rows of WIDTH.            Ba et al., arXiv:1607.06450
//
//   x            [rows, WIDTH]  float  in
//   gamma, beta  [WIDTH]        float  in
//   y            [rows, WIDTH]  float  out  every element written; must not alias x; with NARROW_OUTPUT
//                               1 [rows, ⌈WIDTH/32⌉·32] operands (operand.cl), zero past WIDTH; with 2 as swizzle.cl has
//                               them
//   epsilon      ε              float  in
//   residual  [period, WIDTH]   float  in   read only with RESIDUAL: row m of y gets row m mod period; may alias y
//   period                      int    in   read only with RESIDUAL
//
//   With ROOT_MEAN_SQUARE the mean counts as 0: RMS norm (Zhang and Sennrich, arXiv:1910.07467).
//
//   Launch    rows groups of GROUP items; group r owns row r
//   Local     3·GROUP floats
//   Numerics  two passes (mean, then centred squares) in float32; partial sums by item, then those of the items: the
//             order is fixed by WIDTH, VECTOR and GROUP alone
//   Work      10·rows·WIDTH flop, 8·rows·WIDTH bytes: memory bound
//   Host      Sources/OpenCLOperations/Operations/LayerNorm+OpenCL.swift
//   Definition  Sources/Operations/Reference/LayerNorm.swift
#include "common.cl"
#include "operand.cl"
#include "swizzle.cl"

// Problem
#ifndef WIDTH
  #define WIDTH 768      // D, elements per row
#endif
#ifndef RESIDUAL
  #define RESIDUAL 0     // 1: add residual last
#endif
#ifndef NARROW_OUTPUT
  #define NARROW_OUTPUT 0  // 1: y is operands, for a product by matrix instructions; 2: as swizzle.cl has them
#endif
// Tuning — set by RowTuning; any legal value gives the same answer up to rounding.
#ifndef GROUP
  #define GROUP 64       // items per row; a power of two
#endif
#include "reduction.cl"
#define WHOLE (WIDTH / VECTOR * VECTOR)  // elements in whole vectors
#define VECTORS ((WIDTH / VECTOR + GROUP - 1) / GROUP)  // of an item, at most
#define ALL_HAVE(d) (WIDTH / VECTOR % GROUP == 0 || (d) < WHOLE)
// A group holds its row in registers; an item alone has too few, and reads it again from its cache.
#define HOLDS (GROUP > 1 && VECTORS * VECTOR <= 64)
#if HOLDS
  #define UNROLL _Pragma("unroll")
  #define ELEMENTS(i, d) held[i]
#else
  #define UNROLL
  #define ELEMENTS(i, d) load_aligned(source + (d))
#endif

// Rows of whole vectors begin at multiples of their size: a device that moves four floats at once has to be told so.
#if VECTOR == 4 && WIDTH % VECTOR == 0 && GROUP > 1
  #define load_aligned(p) (*(__global const float4 *)(p))
  #define store_aligned(v, p) (*(__global float4 *)(p) = (v))
#else
  #define load_aligned(p) v_load(p)
  #define store_aligned(v, p) v_store(v, p)
#endif

#if NARROW_OUTPUT
  #define STEP (NARROW_OUTPUT == 2 ? 64 : 32)
  #define OUTPUT_STRIDE ((WIDTH + STEP - 1) / STEP * STEP)
typedef ushort output;

  #if NARROW_OUTPUT == 2
static inline __global ushort *place(__global ushort *y, int d) {
  return y + swizzled(get_group_id(0), d, get_num_groups(0));
}
  #else
    #define place(y, d) ((y) + (size_t)get_group_id(0) * OUTPUT_STRIDE + (d))
  #endif

  #if VECTOR == 1
    #define store_vector(v, y, d) (*place(y, d) = (ushort)operand_pair(storable(v), 0.0f))
  #else
    #define RUN (VECTOR < 8 ? VECTOR : 8)  // neighbours that stay neighbours
static inline void store_vector(vfloat v, __global ushort *y, int d) {
  float parts[VECTOR];
  v_store(v, parts);
    #pragma unroll
  for (int i = 0; i < VECTOR; i += RUN) {
    uint pairs[RUN / 2];
    #pragma unroll
    for (int j = 0; j < RUN / 2; ++j) pairs[j] = operand_pair(storable(parts[i + 2 * j]), storable(parts[i + 2 * j + 1]));
    __global uint *target = (__global uint *)place(y, d + i);
    #if VECTOR == 2
    *target = pairs[0];
    #elif VECTOR == 4
    *(__global uint2 *)target = vload2(0, pairs);
    #else
    *(__global uint4 *)target = vload4(0, pairs);
    #endif
  }
}
  #endif
  #define store_element(value, y, d) (*place(y, d) = (ushort)operand_pair(storable(value), 0.0f))
#else
typedef float output;
  #define place(y, d) ((y) + (size_t)get_group_id(0) * WIDTH + (d))
  #define store_vector(v, y, d) store_aligned(v, place(y, d))
  #define store_element(value, y, d) (*place(y, d) = (value))
#endif

// Sums of few items: each adds all parts itself, after one barrier where halving needs one a round. round: which of the
// three of a row, for the parts of each stay where they are.
#if GROUP == 1
  #define row_sum(part, parts, item, round) (part)
#elif GROUP < 4 || GROUP > 64
  #define row_sum(part, parts, item, round) group_sum(part, (__local float *)(parts), item)
#else
static inline float row_sum(float part, __local float4 *parts, int item, int round) {
  parts += round * (GROUP / 4);
  ((__local float *)parts)[item] = part;
  barrier(CLK_LOCAL_MEM_FENCE);  // all parts written before any is read
  float4 sums = parts[0];
  #pragma unroll
  for (int i = 1; i < GROUP / 4; ++i) sums += parts[i];
  const float2 halves = sums.lo + sums.hi;
  return halves.x + halves.y;
}
#endif

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void layer_norm(__global const float *restrict x, __global const float *restrict gamma,
                __global const float *restrict beta, const float epsilon, __global const float *residual,
                const int period, __global output *y) {
#if GROUP > 1
  __local float4 parts[(3 * GROUP + 3) / 4];
#endif
  const int item = get_local_id(0);
  __global const float *source = x + (size_t)get_group_id(0) * WIDTH;
#if RESIDUAL
  __global const float *added = residual + (size_t)((int)get_group_id(0) % period) * WIDTH;
#endif
#if HOLDS
  vfloat held[VECTORS];
  UNROLL
  for (int i = 0; i < VECTORS; ++i) {
    const int d = (i * GROUP + item) * VECTOR;
    held[i] = ALL_HAVE(d) ? load_aligned(source + d) : (vfloat)(0.0f);
  }
#endif

  // 1. Mean.
#if ROOT_MEAN_SQUARE
  const float mean = 0.0f;
#else
  vfloat sums = (vfloat)(0.0f);
  UNROLL
  for (int i = 0; i < VECTORS; ++i) {
    const int d = (i * GROUP + item) * VECTOR;
    if (ALL_HAVE(d)) sums += ELEMENTS(i, d);
  }
  float sum = v_sum(sums);
  for (int d = WHOLE + item; d < WIDTH; d += GROUP) sum += source[d];
  const float mean = row_sum(sum, parts, item, 0) / WIDTH;
#endif

  // 2. Variance, and what the mean left out.
  vfloat centred_sums = (vfloat)(0.0f), squares = (vfloat)(0.0f);
  UNROLL
  for (int i = 0; i < VECTORS; ++i) {
    const int d = (i * GROUP + item) * VECTOR;
    if (ALL_HAVE(d)) {
      const vfloat centred = ELEMENTS(i, d) - mean;
      centred_sums += centred;
      squares = fma(centred, centred, squares);
    }
  }
  float centred_sum = v_sum(centred_sums), square = v_sum(squares);
  for (int d = WHOLE + item; d < WIDTH; d += GROUP) {
    const float centred = source[d] - mean;
    centred_sum += centred;
    square = fma(centred, centred, square);
  }
  centred_sum = row_sum(centred_sum, parts, item, 1);
  square = row_sum(square, parts, item, 2);
  const normalizer n = make_normalizer(mean, centred_sum, square, WIDTH, epsilon);

  // 3. Scale and shift.
  UNROLL
  for (int i = 0; i < VECTORS; ++i) {
    const int d = (i * GROUP + item) * VECTOR;
    if (ALL_HAVE(d)) {
      const vfloat normalized = fma(ELEMENTS(i, d) - n.mean, (vfloat)(n.factor), (vfloat)(n.offset));
      vfloat value = fma(normalized, load_aligned(gamma + d), load_aligned(beta + d));
#if RESIDUAL
      value += load_aligned(added + d);
#endif
      store_vector(value, y, d);
    }
  }
  for (int d = WHOLE + item; d < WIDTH; d += GROUP) {
    float value = fma(fma(source[d] - n.mean, n.factor, n.offset), gamma[d], beta[d]);
#if RESIDUAL
    value += added[d];
#endif
    store_element(value, y, d);
  }
#if NARROW_OUTPUT
  for (int d = WIDTH + item; d < OUTPUT_STRIDE; d += GROUP) *place(y, d) = 0;
#endif
}
