// quad — four floats of a row of global memory at once, for kernels that tile local memory.
//
//   load4(row, first, width)       elements first … first + 3; those past width are zero
//   store4(v, row, first, width)   the counterpart; elements past width are not written
//
// Where width is a multiple of four, rows begin at multiples of 16 bytes, and one aligned access moves all four: vload4
// promises the compiler no alignment, and some make four accesses of it. width is a constant wherever these are called.

static inline float4 load4(__global const float *row, int first, int width) {
  if (width % 4 == 0) return first < width ? *(__global const float4 *)(row + first) : (float4)(0.0f);
  return (float4)(first < width ? row[first] : 0.0f, first + 1 < width ? row[first + 1] : 0.0f,
                  first + 2 < width ? row[first + 2] : 0.0f, first + 3 < width ? row[first + 3] : 0.0f);
}

static inline void store4(float4 v, __global float *row, int first, int width) {
  if (width % 4 == 0) {
    if (first < width) *(__global float4 *)(row + first) = v;
  } else {
    if (first < width) row[first] = v.x;
    if (first + 1 < width) row[first + 1] = v.y;
    if (first + 2 < width) row[first + 2] = v.z;
    if (first + 3 < width) row[first + 3] = v.w;
  }
}

// One element into each of four rows of a local tile: how four floats of a row become a part of a column.
static inline void scatter4(float4 v, __local float *column, int stride) {
  column[0] = v.x;
  column[stride] = v.y;
  column[2 * stride] = v.z;
  column[3 * stride] = v.w;
}
