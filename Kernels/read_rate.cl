// read_rate — how many bytes a second a device can read from its memory.
//
//   y[i] = Σ of the floats that item i reads; together the items read every float once
//   The memory ceiling of the roofline (Williams, Waterman, Patterson, CACM 52(4), 2009). Read only: an inference reads
//   weights, and writes are never faster.
//
//   x  [groups, SPAN]   float  in
//   y  [groups, GROUP]  float  out  every element written, so that no compiler can leave the loads out
//
//   Launch    groups of GROUP items; group g owns SPAN consecutive floats, its items vectors in turn
//   Local     none
//   Numerics  float32; the order of the sum is of no matter
//   Work      groups · SPAN flop, 4 · groups · SPAN bytes
//   Host      Sources/OpenCLOperations/Roofline/RooflineBenchmark.swift
//   Definition  none: the time is the result

// Tuning — set by RooflineTuning.
#ifndef GROUP
  #define GROUP 64        // items per group
#endif
#ifndef STREAMS
  #define STREAMS 4       // loads in flight per item
#endif
#ifndef SPAN
  #define SPAN 65536      // floats per group
#endif
#include "common.cl"
#define STRIDE (GROUP * VECTOR)  // floats that a group reads at once
#if SPAN % (STRIDE * STREAMS)
  #error "SPAN must be a multiple of GROUP * VECTOR * STREAMS"
#endif

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void read_rate(__global const float *restrict x, __global float *restrict y) {
  __global const float *source = x + (size_t)get_group_id(0) * SPAN + get_local_id(0) * VECTOR;
  vfloat sum[STREAMS];
  #pragma unroll
  for (int s = 0; s < STREAMS; ++s) sum[s] = (vfloat)(0.0f);
  for (int i = 0; i < SPAN; i += STRIDE * STREAMS) {
    #pragma unroll
    for (int s = 0; s < STREAMS; ++s) sum[s] += v_load(source + i + s * STRIDE);
  }
  #pragma unroll
  for (int s = 1; s < STREAMS; ++s) sum[0] += sum[s];
  y[get_global_id(0)] = v_sum(sum[0]);
}
