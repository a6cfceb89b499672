// matrix_layout — which lane of a wave holds which elements of A, B and C, for each of matrix.cl's instructions: PTX ISA,
// "Matrix Fragments for mma.m16n8k16"; AMD matrix instruction calculator; cl_intel_subgroup_matrix_multiply_accumulate.
#ifndef MATRIX_LAYOUT
#define MATRIX_LAYOUT

// Problem
#ifndef EMULATED
  #ifdef MATRIX
    #define EMULATED 0
  #else
    #define EMULATED 1
  #endif
#endif
#ifndef MATRIX
  #define MATRIX 1
#endif
#if MATRIX < 1 || MATRIX > 9 || MATRIX == 8
  #error "matrix: MATRIX must be 1 to 7 or 9; 8 is wgmma.cl"
#endif
#define IS_PTX (MATRIX <= 2)
#define IS_AMD (MATRIX >= 3 && MATRIX <= 5)
#define IS_SUBGROUP (MATRIX >= 6)   // DPAS, and what has its layouts
#define HAS_8_LANES (MATRIX == 6 || MATRIX == 9)
#ifndef OPERAND_CONVERSION
  #if EMULATED
    #define OPERAND_CONVERSION 0
  #elif IS_PTX
    #define OPERAND_CONVERSION MATRIX
  #elif MATRIX == 9
    #define OPERAND_CONVERSION 0
  #else
    #define OPERAND_CONVERSION 3
  #endif
#endif
#include "operand.cl"
#if MATRIX == 2 && OPERAND == 1
  #error "matrix: m16n8k8 of sm_75 has no bfloat16"
#endif

// 1. Who holds what: element e of lane l, two elements a word. A and B matter to the emulation alone.
#if IS_PTX
  #define LANES 32
  #define MATRIX_COLUMNS 16
  #define SUMS 8
  #define SUM_ROW(l, e) ((l) / 4 + (e) / 2 % 2 * 8)
  #define SUM_COLUMN(l, e) ((l) % 4 * 2 + (e) % 2 + (e) / 4 * 8)
  #define A_ELEMENTS 8
  #define A_ROW(l, e) SUM_ROW(l, e)
  #define A_K(l, e) SUM_COLUMN(l, e)
  #define B_ELEMENTS 8
  #define B_COLUMN(l, e) ((l) / 4 + (e) / 4 * 8)
  #define B_K(l, e) ((l) % 4 * 2 + (e) % 2 + (e) / 2 % 2 * 8)
  #define RUN 2
typedef uint4 fragment_a;
typedef uint4 fragment_b;
#else
  #if MATRIX == 3
    #define LANES 64
    #define B_ELEMENTS 4
typedef uint2 fragment_b;
  #elif MATRIX == 4
    #define LANES 32
    #define B_ELEMENTS 16
typedef uint8 fragment_b;
  #elif MATRIX == 5
    #define LANES 32
    #define B_ELEMENTS 8
typedef uint4 fragment_b;
  #else
    #define LANES (HAS_8_LANES ? 8 : 16)
    #define B_ELEMENTS 16
typedef uint8 fragment_b;
  #endif
  #define MATRIX_COLUMNS (HAS_8_LANES ? 8 : 16)
  // Each lane has neighbouring k of one column; lanes that share it go on where the one before ends. (gfx12 numbers the k
  // of its lanes otherwise, but of A and B alike, so that the product is the same.)
  #define B_COLUMN(l, e) ((l) % MATRIX_COLUMNS)
  #define B_K(l, e) (B_FIRST_K(l) + (e))
  #define B_FIRST_K(l) ((l) / MATRIX_COLUMNS * B_ELEMENTS % 16)
  #define SUMS (16 * MATRIX_COLUMNS / LANES)
  #define SUM_COLUMN(l, e) ((l) % MATRIX_COLUMNS)
  #if MATRIX == 4
    #define SUM_ROW(l, e) ((e) * 2 + (l) / 16)
  #else
    #define SUM_ROW(l, e) ((l) / MATRIX_COLUMNS * SUMS + (e))
  #endif
  #if IS_AMD
    #define A_ELEMENTS B_ELEMENTS
    #define A_ROW(l, e) B_COLUMN(l, e)
    #define A_K(l, e) B_K(l, e)
typedef fragment_b fragment_a;
  #elif HAS_8_LANES
    #define A_ELEMENTS 32
    #define A_ROW(l, e) ((e) / 2)
    #define A_K(l, e) ((l) * 2 + (e) % 2)
typedef struct { uint8 top, bottom; } fragment_a;
  #else
    #define A_ELEMENTS 16
    #define A_ROW(l, e) (e)
    #define A_K(l, e) (l)
typedef struct { uint4 top, bottom; } fragment_a;
  #endif
  #define RUN 1
#endif
#undef VECTOR
#define VECTOR RUN
#define SUMS_ARE_A IS_PTX
#define TRANSPOSING IS_PTX

// Private arrays are registers only where each index is a constant. A CPU device has none to lose, and would take minutes
// to compile a hundred barriers one by one.
#if EMULATED
  #define UNROLL
#else
  #define UNROLL _Pragma("unroll")
#endif

typedef struct {
  int lane;
#if EMULATED
  __local float *memory;
#endif
} wave;
#endif
