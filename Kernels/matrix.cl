// matrix — C += A · B by one wave: the matrix instructions of several devices behind one vocabulary, and shuffles.
//
//   C [16, MATRIX_COLUMNS] float, A [16, 16] and B [16, MATRIX_COLUMNS] operands of 16 bits (operand.cl)
//
//   MATRIX  1  mma.sync m16n8k16, two                    PTX ISA, "Matrix Fragments for mma.m16n8k16"; sm_80 and up
//           2  mma.sync m16n8k8, four; float16 only      the same fragments; sm_75
//           3  MFMA 16×16×16                             wave64; bfloat16 from gfx90a on
//           4  WMMA 16×16×16 of gfx11                    wave32; lanes 16 … 31 repeat A and B of lanes 0 … 15
//           5  WMMA 16×16×16 of gfx12                    wave32
//           6  DPAS 8×8×16, two                          sub-groups of 8;   Intel, cl_intel_subgroup_matrix_multiply_accumulate
//           7  DPAS 8×16×16, two                         sub-groups of 16;  the same
//           9  none: shuffles and fma, 6's layouts       sub-groups of 8;   cl_intel_required_subgroup_size, and
//                                                        cl_khr_subgroup_shuffle or cl_intel_subgroups
//   EMULATED  1: the product is a function over local memory in OpenCL C 1.2. Each lane holds exactly what it would hold
//             on the device, and all items of the group must make each call together. 2 and 3 are wrong, to test what must
//             find that out: each two lanes have each other's sums; a lane that asks another hears itself
//
//   LANES                       items of a wave; neighbours in a group of one dimension
//   fragment_a, fragment_b      what a lane holds of A and of B
//   SUMS                        what it holds of C: element e of lane l is C[SUM_ROW(l, e)][SUM_COLUMN(l, e)];
//                               of VECTOR neighbouring elements the columns are neighbours
//   MATRIX_MEMORY(waves);  const wave self = MATRIX_WAVE(item);     first in a kernel
//   load_a, load_b (tile, stride, row, chunk, self)  rows row … of a tile are rows of A, columns of B; chunk … are its k
//   load_b_transposed           rows of the tile are the k, its chunks columns of B: where TRANSPOSING
//   multiply(c, a, b, self)     C += A · B
//   operand_fragment(c, self)   C rounded to operands: an A where SUMS_ARE_A, a B elsewhere
//   exchange(value, mask, self) the value of lane ^ mask
//   inside_loop(self, i)        self, for what a loop loads from tiles that stay where they are; i differs by iteration
//   power_of_2(x)               2ˣ, in a few units of the last place; 0 may be what is below 2⁻¹²⁶, and 2^−∞ is
//   load_run, store_run, store_operands (…, row, first, width)      VECTOR neighbours of C to and from global memory
//
// A tile is rows of stride chunks in local memory, a chunk 8 operands (16 bytes) of neighbouring k. Rows of 2, 4 or 8
// chunks have them permuted, so that 8 rows' chunks of the same k lie in different banks; odd strides need no more.

#ifndef MATRIX_TILES
#define MATRIX_TILES
#include "matrix_layout.cl"
#include "matrix_emulation.cl"
#include "matrix_instruction.cl"

// 1. Tiles.
static inline int tile_index(int row, int chunk, int stride) {
  const int shifted = stride == 2 ? row >> 2 : stride == 4 ? row >> 1 : row;
  return row * stride + (stride % 2 != 0 ? chunk : chunk ^ (shifted & (min(stride, 8) - 1)));
}

#if IS_PTX
static inline fragment_a load_a(__local const uint4 *tile, int stride, int row, int chunk, wave self) {
  return load_words(tile + tile_index(row + self.lane % 16, chunk + self.lane / 16, stride), self);
}

static inline fragment_b load_b(__local const uint4 *tile, int stride, int row, int chunk, wave self) {
  const int line = self.lane % 8 + self.lane / 16 * 8;
  return load_words(tile + tile_index(row + line, chunk + self.lane / 8 % 2, stride), self);
}

static inline fragment_b load_b_transposed(__local const uint4 *tile, int stride, int row, int chunk, wave self) {
  return load_words_transposed(tile + tile_index(row + self.lane % 16, chunk + self.lane / 16, stride), self);
}
#else
static inline fragment_b load_b(__local const uint4 *tile, int stride, int row, int chunk, wave self) {
  const int line = row + B_COLUMN(self.lane, 0);
  #if B_ELEMENTS == 4
  const int k = B_FIRST_K(self.lane);
  return ((__local const uint2 *)(tile + tile_index(line, chunk + k / 8, stride)))[k / 4 % 2];
  #elif B_ELEMENTS == 8
  return tile[tile_index(line, chunk + B_FIRST_K(self.lane) / 8, stride)];
  #else
  return (uint8)(tile[tile_index(line, chunk, stride)], tile[tile_index(line, chunk + 1, stride)]);
  #endif
}

  #if IS_AMD
static inline fragment_a load_a(__local const uint4 *tile, int stride, int row, int chunk, wave self) {
  return load_b(tile, stride, row, chunk, self);
}
  #elif HAS_8_LANES
static inline uint8 load_8_rows(__local const uint4 *tile, int stride, int row, int chunk, wave self) {
  uint words[8];
  UNROLL
  for (int r = 0; r < 8; ++r) {
    words[r] = ((__local const uint *)(tile + tile_index(row + r, chunk + self.lane / 4, stride)))[self.lane % 4];
  }
  return vload8(0, words);
}
  #else
static inline uint4 load_8_rows(__local const uint4 *tile, int stride, int row, int chunk, wave self) {
  ushort elements[8];
  UNROLL
  for (int r = 0; r < 8; ++r) {
    elements[r] = ((__local const ushort *)(tile + tile_index(row + r, chunk + self.lane / 8, stride)))[self.lane % 8];
  }
  return as_uint4(vload8(0, elements));
}
  #endif

  #if IS_SUBGROUP
static inline fragment_a load_a(__local const uint4 *tile, int stride, int row, int chunk, wave self) {
  fragment_a a;
  a.top = load_8_rows(tile, stride, row, chunk, self);
  a.bottom = load_8_rows(tile, stride, row + 8, chunk, self);
  return a;
}
  #endif
#endif

// 2. Sums as factors of the next product. What the instructions leave in a lane is what they ask of it, but for gfx11.
#if IS_PTX || MATRIX == 5
static inline uint4 operand_fragment(const float *c, wave self) {
  return (uint4)(operand_pair(c[0], c[1]), operand_pair(c[2], c[3]), operand_pair(c[4], c[5]), operand_pair(c[6], c[7]));
}
#elif MATRIX == 3
static inline uint2 operand_fragment(const float *c, wave self) {
  return (uint2)(operand_pair(c[0], c[1]), operand_pair(c[2], c[3]));
}
#elif MATRIX == 4
// A lane has every other row: the lane 16 further has the rest.
static inline uint8 operand_fragment(const float *c, wave self) {
  uint words[8];
  UNROLL
  for (int i = 0; i < 4; ++i) {
    const uint own = operand_pair(c[2 * i], c[2 * i + 1]);
    const uint other = as_uint(exchange(as_float(own), 16, self));
    const uint even = self.lane < 16 ? own : other, odd = self.lane < 16 ? other : own;
    words[2 * i] = (even & 0xffffu) | (odd << 16);
    words[2 * i + 1] = (even >> 16) | (odd & 0xffff0000u);
  }
  return vload8(0, words);
}
#else
static inline uint8 operand_fragment(const float *c, wave self) {
  uint words[8];
  UNROLL
  for (int i = 0; i < 8; ++i) words[i] = operand_pair(c[2 * i], c[2 * i + 1]);
  return vload8(0, words);
}
#endif

// 3. VECTOR neighbours of a row of global memory, from element first on; those past width are not there. width is a
//    constant wherever these are called; a pair is one access where rows begin at whole pairs.
#if RUN == 2
static inline float2 load_run(__global const float *row, int first, int width) {
  if (width % 2 == 0) return first < width ? *(__global const float2 *)(row + first) : (float2)(0.0f);
  return (float2)(first < width ? row[first] : 0.0f, first + 1 < width ? row[first + 1] : 0.0f);
}

static inline void store_run(float2 v, __global float *row, int first, int width) {
  if (width % 2 == 0) {
    if (first < width) *(__global float2 *)(row + first) = v;
  } else {
    if (first < width) row[first] = v.x;
    if (first + 1 < width) row[first + 1] = v.y;
  }
}

static inline void store_operands(float2 v, __global ushort *row, int first, int width) {
  if (first < width) *(__global uint *)(row + first) = operand_pair(storable(v.x), storable(v.y));
}
#else
static inline float load_run(__global const float *row, int first, int width) { return first < width ? row[first] : 0.0f; }

static inline void store_run(float v, __global float *row, int first, int width) {
  if (first < width) row[first] = v;
}

static inline void store_operands(float v, __global ushort *row, int first, int width) {
  if (first < width) row[first] = (ushort)operand_pair(storable(v), 0.0f);
}
#endif
#endif
