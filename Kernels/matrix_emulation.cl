// matrix_emulation — what matrix.cl asks of a device, over local memory: for devices without matrix instructions, and
// to test the kernels that use them.
//
//   A wave is LANES neighbouring items, each of which calls as often as every other item of its group: in place of a
//   wave that runs in step there are barriers. Products are exact in float32, and each sum is one chain of fma over k.

#include "matrix_layout.cl"
#if EMULATED

// Where an instruction wants A and B twice (gfx11), each half of the wave reads its own copy: one alone would not show.
#define COPIES (MATRIX == 4 ? 2 : 1)
#define COPY(lane) (COPIES == 2 ? (lane) / 16 : 0)
#define WAVE_FLOATS (COPIES * 16 * (16 + MATRIX_COLUMNS))
#define MATRIX_ATTRIBUTES
#define MATRIX_MEMORY(waves) __local float matrix_memory[(waves) * WAVE_FLOATS]
#define MATRIX_WAVE(item) {(item) & (LANES - 1), matrix_memory + (item) / LANES * WAVE_FLOATS}

static inline float exchange(float value, int mask, wave self) {
  self.memory[self.lane] = value;
  barrier(CLK_LOCAL_MEM_FENCE);  // values written before any is read
  const float result = self.memory[self.lane ^ (EMULATED == 3 ? 0 : mask)];
  barrier(CLK_LOCAL_MEM_FENCE);  // values read before the memory is used again
  return result;
}

static inline wave inside_loop(wave self, int iteration) { return self; }

static inline float power_of_2(float x) { return exp2(x); }

#if IS_PTX
// ldmatrix: lane 8·i + r names row r of matrix i, eight operands; each lane gets a word of its row of each matrix.
static inline uint4 load_words(__local const uint4 *row, wave self) {
  __local ulong *rows = (__local ulong *)self.memory;
  rows[self.lane] = (ulong)row;
  barrier(CLK_LOCAL_MEM_FENCE);  // addresses written before any is read
  uint words[4];
  for (int i = 0; i < 4; ++i) words[i] = ((__local const uint *)rows[8 * i + self.lane / 4])[self.lane % 4];
  barrier(CLK_LOCAL_MEM_FENCE);  // addresses read before the memory is used again
  return vload4(0, words);
}

// ldmatrix.trans: each lane gets an element of two neighbouring rows of each matrix.
static inline uint4 load_words_transposed(__local const uint4 *row, wave self) {
  __local ulong *rows = (__local ulong *)self.memory;
  rows[self.lane] = (ulong)row;
  barrier(CLK_LOCAL_MEM_FENCE);  // addresses written before any is read
  uint words[4];
  for (int i = 0; i < 4; ++i) {
    const uint low = ((__local const ushort *)rows[8 * i + self.lane % 4 * 2])[self.lane / 4];
    const uint high = ((__local const ushort *)rows[8 * i + self.lane % 4 * 2 + 1])[self.lane / 4];
    words[i] = low | (high << 16);
  }
  barrier(CLK_LOCAL_MEM_FENCE);  // addresses read before the memory is used again
  return vload4(0, words);
}
#endif

static inline void multiply(float *c, fragment_a a, fragment_b b, wave self) {
  __local float *rows = self.memory, *columns = rows + COPIES * 256;
  rows += COPY(self.lane) * 256;
  columns += COPY(self.lane) * (16 * MATRIX_COLUMNS);
  for (int e = 0; e < A_ELEMENTS; ++e) {
    rows[A_ROW(self.lane, e) * 16 + A_K(self.lane, e)] = operand_value(((const ushort *)&a)[e]);
  }
  for (int e = 0; e < B_ELEMENTS; ++e) {
    columns[B_COLUMN(self.lane, e) * 16 + B_K(self.lane, e)] = operand_value(((const ushort *)&b)[e]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);  // A and B written before any item reads them
  const int place = self.lane ^ (EMULATED == 2 ? 1 : 0);
  for (int e = 0; e < SUMS; ++e) {
    for (int k = 0; k < 16; ++k) {
      c[e] = fma(rows[SUM_ROW(place, e) * 16 + k], columns[SUM_COLUMN(place, e) * 16 + k], c[e]);
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);  // A and B read before the memory is used again
}
#endif
