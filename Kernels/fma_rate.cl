// fma_rate — how many multiply-adds a second a device can do: chains that touch no memory.
//
//   y[i] = Σ over chains and lanes of the value after steps of v ← v · a + b
//   The compute ceiling of the roofline (Williams, Waterman, Patterson, CACM 52(4), 2009).
//
//   x      [3]      float  in   a, b and the first v; from memory, so that no compiler can compute the answer
//   y      [items]  float  out  every element written, so that no compiler can leave the chains out
//   steps           int    in   times UNROLL multiply-adds per chain and lane
//
//   Launch    any number of groups of GROUP items
//   Local     none
//   Numerics  float32; with a < 1 every chain tends to b / (1 − a) and stays finite
//   Work      2 · items · steps · UNROLL · CHAINS · VECTOR flop
//   Host      Sources/OpenCLOperations/Roofline/FMAProbe.swift
//   Definition  none: the time is the result

// Tuning — set by RooflineTuning.
#ifndef CHAINS
  #define CHAINS 8     // independent chains per item: enough to cover the latency, few enough to stay in registers
#endif
#ifndef UNROLL
  #define UNROLL 8     // steps per turn of the loop
#endif
#ifndef GROUP
  #define GROUP 64     // items per group
#endif
#include "common.cl"

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void fma_rate(__global const float *restrict x, __global float *restrict y, const int steps) {
  const vfloat a = (vfloat)(x[0]), b = (vfloat)(x[1]);
  vfloat chain[CHAINS];
  #pragma unroll
  for (int c = 0; c < CHAINS; ++c) chain[c] = (vfloat)(x[2] + (float)c);
  for (int step = 0; step < steps; ++step) {
    #pragma unroll
    for (int u = 0; u < UNROLL; ++u) {
      #pragma unroll
      for (int c = 0; c < CHAINS; ++c) chain[c] = fma(chain[c], a, b);
    }
  }
  vfloat sum = chain[0];
  #pragma unroll
  for (int c = 1; c < CHAINS; ++c) sum += chain[c];
  y[get_global_id(0)] = v_sum(sum);
}
