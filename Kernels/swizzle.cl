// swizzle — where an element of a matrix lies whose rows a warp group multiplies (wgmma.cl): tiles of it come to local memory
// in one copy each, and lie there as the instruction reads them.
//
//   [⌈width/64⌉][⌈rows/128⌉·128][64]  operands: for each 64 columns all rows, 128 bytes a row, whose chunks of 16 bytes are
//   permuted: chunk c of row r is at c ^ (r mod 8), the 128-byte swizzle of the PTX ISA ("Shared Memory Matrix Layout").
//   Columns from the width on are zero; rows from rows on are there and hold anything.
//
//   swizzled(row, column, rows)   the index of an operand; 8 neighbours from a multiple of 8 on stay neighbours
#ifndef SWIZZLED_STEP
#define SWIZZLED_STEP 64   // columns of a tile
#define SWIZZLED_ROWS(rows) (((rows) + 127) / 128 * 128)

static inline size_t swizzled(int row, int column, int rows) {
  const size_t line = (size_t)(column / SWIZZLED_STEP) * SWIZZLED_ROWS(rows) + row;
  return line * SWIZZLED_STEP + ((column / 8 ^ row) & 7) * 8 + column % 8;
}
#endif
