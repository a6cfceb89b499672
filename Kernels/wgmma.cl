// wgmma — C += A · Bᵀ by a warp group out of local memory, and the copies that feed it: PTX ISA, "Asynchronous Warpgroup
// Level Matrix Instructions"; sm_90a.
//
//   C [64, PANEL] float, A [64, 64] and B [PANEL, 64] operands of 16 bits (operand.cl)
//
//   A warp group is 128 neighbouring items. A and B lie in local memory from a multiple of 1024 bytes on, 128 bytes a row,
//   the chunks of 16 bytes permuted as tile_index(row, chunk, 8) has it: the 128-byte swizzle.
//
//   EMULATED  1: the product is a function over local memory that reads it as the descriptors say, in OpenCL C 1.2. Copies
//             and products happen as late as they may, when they are waited for, and until then NaN is where a copy goes:
//             a tile that is read before it has come, or written before it has been read, shows. 2 and 4 are wrong, to test
//             what must find that out: each two lanes have each other's sums, of product or of weigh
//
//   GROUP_SUMS                  what an item holds of C: element e of lane l of warp w of the warp group is
//                               C[16 · w + SUM_ROW(l, e)][SUM_COLUMN(l, e)] (matrix_layout.cl)
//   start(tiles, arrivals, &under_way)      first, with a pipeline, the local memory that all tiles are in, and STAGES words;
//                                           a barrier must follow
//   start_products(tiles, &under_way)       in its place where no copy_tile follows
//   stage_begins(stage, bytes, &under_way)  bytes are to come into a stage
//   copy_tile(target, source, bytes, stage, &under_way)  a part of them: neighbours in global and local memory
//   stage_wait(stage, round, &under_way)    until all bytes of a stage have come for the round-th time, from 0; a barrier must
//                                           follow, and products may read them after it
//   descriptor(tile, &under_way)            where a tile begins and how it lies
//   product(c, a, b, &under_way)            begins C += A · Bᵀ; c is not to be touched before products_end
//   products_wait(c, count, &under_way)     until all products but the last count have read their tiles
//   products_end(c, &under_way)             until all have, and c is there
//   weigh(c, weights, b, WEIGHTS, &under_way)  C += A · B with 64 columns, A what all items hold of it as sums, rounded: two
//                                           neighbours a word. B [PANEL, 64], rows of k. C is there when it returns. A kernel
//                                           that calls it declares WEIGHTS_MEMORY
//   leave(target, source, bytes, &under_way)   begins a copy from local to global memory, of what items have written before
//                                           leaving_written() and a barrier
//   leaving_wait(count, &under_way)         until all such copies but the last count, 0 or 1, have read; a barrier must follow
//                                           before items write there. 0 must be the last that a kernel waits for
//
// A compiler of OpenCL C writes for sm_90, which does not have the instruction. So it stands in comments of the PTX, into
// which the compiler has put its registers; Sources/OpenCLOperations/InstructionSplice.swift takes the comment marks away
// and loads the text again, for sm_90a. A kernel that runs as it was compiled leaves its sums zero.
#ifndef WARP_GROUPS_
#define WARP_GROUPS_

// Problem
#ifndef EMULATED
  #define EMULATED 1
#endif
#ifndef ITEMS
  #define ITEMS 128        // of the group
#endif
// Of the instructions of matrix.cl the one whose sums lie as these do; the host's number is 8.
#undef MATRIX
#define MATRIX 1
#include "matrix.cl"

// Tuning
#ifndef PANEL
  #define PANEL (EMULATED ? 64 : 128)  // columns of C
#endif
#ifndef STAGES
  #define STAGES 3         // tiles in local memory
#endif
#ifndef IN_FLIGHT
  #define IN_FLIGHT 0      // products that go on while the next begins
#endif
#define GROUP_SUMS (PANEL / 2)
#define STEP_CHUNKS 8      // of 16 bytes in the 128 that a row has of a tile

// Rows of 8 chunks, 8 of them to the next 1024 bytes, the second number of bytes in units of 16; 128-byte swizzle. The
// first, from one run of 128 bytes to the next along k, has no meaning with it.
#define TILE_LAYOUT (1UL << 62 | 64UL << 32 | 1UL << 16)
#define DESCRIPTOR(address) (TILE_LAYOUT | ((ulong)(address) & 0x3ffff) >> 4)
// From a product's 16 steps of k to the next.
#define NEXT_K 2

// The item. Addresses that are made of it seem to be new ones each time, and need no registers in between.
static inline int same_item(void) {
  int item = get_local_id(0);
#if !EMULATED
  asm volatile("mov.u32 %0, %0;" : "+r"(item));
#endif
  return item;
}

#if EMULATED
#define STAGE_COPIES 2
// Weights of all items, in float, where weigh has the others' from.
#define WEIGHTS_MEMORY __local float weights_memory[ITEMS / 2 * PANEL]
#define WEIGHTS weights_memory
typedef struct {
  __local uint4 *tiles;
  struct {
    __global const uint4 *source;
    int target, chunks;
  } copies[STAGES][STAGE_COPIES];
  int counts[STAGES];
  ulong a[IN_FLIGHT + 1], b[IN_FLIGHT + 1];
  int products_begun, products_done;
  struct {
    __global uint4 *target;
    __local const uint4 *source;
    int chunks;
  } leaving[2];
  int leaving_count;
} pipeline;

static inline void start_products(__local uint4 *tiles, pipeline *p) {
  p->tiles = tiles;
  p->products_begun = p->products_done = p->leaving_count = 0;
}

static inline void start(__local uint4 *tiles, __local ulong *arrivals, pipeline *p) { start_products(tiles, p); }

static inline void stage_begins(int stage, int bytes, pipeline *p) { p->counts[stage] = 0; }

// Until the copy is waited for, what is there is a number of no use.
static inline void copy_tile(__local uint4 *target, __global const uint4 *source, int bytes, int stage, pipeline *p) {
  for (int i = get_local_id(0); i < bytes / 16; i += ITEMS) target[i] = (uint4)(0xffffffffu);
  const int copy = p->counts[stage]++;
  p->copies[stage][copy].source = source;
  p->copies[stage][copy].target = target - p->tiles;
  p->copies[stage][copy].chunks = bytes / 16;
}

static inline void stage_wait(int stage, int round, pipeline *p) {
  for (int copy = 0; copy < p->counts[stage]; ++copy) {
    __local uint4 *target = p->tiles + p->copies[stage][copy].target;
    __global const uint4 *source = p->copies[stage][copy].source;
    for (int i = get_local_id(0); i < p->copies[stage][copy].chunks; i += ITEMS) target[i] = source[i];
  }
}

static inline ulong descriptor(__local const uint4 *tile, const pipeline *p) { return DESCRIPTOR((tile - p->tiles) * 16); }

// A row's 16 neighbouring k of a product: two chunks, each in a place of its own.
static inline void load_operands(float *values, ulong descriptor, int row, const pipeline *p) {
  const uint start = (uint)(descriptor & 0x3fff) << 4, rows_8 = (uint)(descriptor >> 32 & 0x3fff) << 4;
  const bool is_swizzled = descriptor >> 62 == 1;
  for (int chunk = 0; chunk < 2; ++chunk) {
    const uint address = start + row / 8 * rows_8 + row % 8 * 128 + chunk * 16;
    const uint4 pairs = p->tiles[(address ^ (address >> 7 & 7) << 4) / 16];
    const uint words[4] = {pairs.x, pairs.y, pairs.z, pairs.w};
    for (int i = 0; i < 4; ++i) {
      values[chunk * 8 + 2 * i] = is_swizzled ? operand_value(words[i] & 0xffff) : NAN;
      values[chunk * 8 + 2 * i + 1] = is_swizzled ? operand_value(words[i] >> 16) : NAN;
    }
  }
}

static inline void multiply_group(float *c, ulong a, ulong b, const pipeline *p) {
  const int item = get_local_id(0) % 128, row = item / 32 * 16, lane = item % 32 ^ (EMULATED == 2 ? 1 : 0);
  float rows[2][16], columns[2][16];
  load_operands(rows[0], a, row + SUM_ROW(lane, 0), p);
  load_operands(rows[1], a, row + SUM_ROW(lane, 2), p);
  for (int e = 0; e < GROUP_SUMS; e += 4) {
    load_operands(columns[0], b, SUM_COLUMN(lane, e), p);
    load_operands(columns[1], b, SUM_COLUMN(lane, e + 1), p);
    for (int i = 0; i < 4; ++i) {
      for (int k = 0; k < 16; ++k) c[e + i] = fma(rows[i / 2][k], columns[i % 2][k], c[e + i]);
    }
  }
}

static inline void product(float *c, ulong a, ulong b, pipeline *p) {
  const int place = p->products_begun++ % (IN_FLIGHT + 1);
  p->a[place] = a;
  p->b[place] = b;
}

static inline void products_wait(float *c, int count, pipeline *p) {
  for (; p->products_done < p->products_begun - count; ++p->products_done) {
    const int place = p->products_done % (IN_FLIGHT + 1);
    for (int k = 0; k < 4; ++k) multiply_group(c, p->a[place] + k * NEXT_K, p->b[place] + k * NEXT_K, p);
  }
}

static inline void products_end(float *c, pipeline *p) { products_wait(c, 0, p); }

#define leaving_written()

static inline void leaving_wait(int count, pipeline *p) {
  for (; p->leaving_count > count; --p->leaving_count) {
    for (int i = get_local_id(0); i < p->leaving[0].chunks; i += ITEMS) p->leaving[0].target[i] = p->leaving[0].source[i];
    p->leaving[0] = p->leaving[1];
  }
}

static inline void leave(__global uint4 *target, __local const uint4 *source, int bytes, pipeline *p) {
  p->leaving[p->leaving_count].target = target;
  p->leaving[p->leaving_count].source = source;
  p->leaving[p->leaving_count++].chunks = bytes / 16;
}

static inline void weigh(float *c, const uint *weights, ulong b, __local float *memory, const pipeline *p) {
  const int item = get_local_id(0), lane = item % 32 ^ (EMULATED == 4 ? 1 : 0);
  memory += item / 32 * (16 * PANEL);
  for (int e = 0; e < GROUP_SUMS; ++e) {
    memory[SUM_ROW(item % 32, e) * PANEL + SUM_COLUMN(item % 32, e)] = operand_value(weights[e / 2] >> e % 2 * 16 & 0xffff);
  }
  barrier(CLK_LOCAL_MEM_FENCE);  // weights written before any item reads them
  const uint start = (uint)(b & 0x3fff) << 4, rows_8 = (uint)(b >> 32 & 0x3fff) << 4;
  for (int e = 0; e < 32; ++e) {
    const int channel = SUM_COLUMN(lane, e);
    for (int k = 0; k < PANEL; ++k) {
      const uint address = start + k / 8 * rows_8 + k % 8 * 128 + channel / 8 * 16;
      __local const uint4 *chunk = p->tiles + (address ^ (address >> 7 & 7) << 4) / 16;
      const float value = b >> 62 == 1 ? operand_value(((__local const ushort *)chunk)[channel % 8]) : NAN;
      c[e] = fma(memory[SUM_ROW(lane, e) * PANEL + k], value, c[e]);
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);  // weights read before the memory is used again
}
#else
#define WEIGHTS_MEMORY
#define WEIGHTS 0
#if PANEL != 64 && PANEL != 128 && PANEL != 144 && PANEL != 208 && PANEL != 256
  #error "wgmma: PANEL must be 64, 128, 144, 208 or 256"
#endif

// What the host uncovers.
#define COVERED "// sm_90a: "

typedef struct {
  uint arrivals;           // of a word a stage, which counts the bytes that come
} pipeline;

static inline void start_products(__local uint4 *tiles, pipeline *p) {}

// One item begins copies, and one arrival a round tells how many bytes to wait for.
static inline void start(__local uint4 *tiles, __local ulong *arrivals, pipeline *p) {
  p->arrivals = (uint)(size_t)arrivals;
  if (get_local_id(0) == 0) {
    for (int stage = 0; stage < STAGES; ++stage) {
      asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" : : "r"(p->arrivals + stage * 8) : "memory");
    }
    asm volatile("fence.mbarrier_init.release.cluster;\n\tfence.proxy.async.shared::cta;" : : : "memory");
  }
}

static inline void stage_begins(int stage, int bytes, pipeline *p) {
  if (get_local_id(0) == 0) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
                 : : "r"(p->arrivals + stage * 8), "r"(bytes) : "memory");
  }
}

static inline void copy_tile(__local uint4 *target, __global const uint4 *source, int bytes, int stage, pipeline *p) {
  if (get_local_id(0) == 0) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
                 : : "r"((uint)(size_t)target), "l"(source), "r"(bytes), "r"(p->arrivals + stage * 8) : "memory");
  }
}

static inline void stage_wait(int stage, int round, pipeline *p) {
  uint has_come;
  do {
    asm volatile("{\n\t.reg .pred come;\n\tmbarrier.try_wait.parity.shared::cta.b64 come, [%1], %2;\n\t"
                 "selp.u32 %0, 1, 0, come;\n\t}"
                 : "=r"(has_come) : "r"(p->arrivals + stage * 8), "r"(round & 1) : "memory");
  } while (!has_come);
}

static inline ulong descriptor(__local const uint4 *tile, const pipeline *p) { return DESCRIPTOR((size_t)tile); }

// Copies see what items have written after a fence alone: PTX ISA, "Async Proxy".
#define leaving_written() asm volatile("fence.proxy.async.shared::cta;" : : : "memory")

static inline void leave(__global uint4 *target, __local const uint4 *source, int bytes, pipeline *p) {
  if (get_local_id(0) == 0) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;\n\tcp.async.bulk.commit_group;"
                 : : "l"(target), "r"((uint)(size_t)source), "r"(bytes) : "memory");
  }
}

// The item that began them waits; before its kernel ends, until they are written.
static inline void leaving_wait(int count, pipeline *p) {
  if (get_local_id(0) == 0) {
    if (count == 0) {
      asm volatile("cp.async.bulk.wait_group 0;" : : : "memory");
    } else {
      asm volatile("cp.async.bulk.wait_group.read 1;" : : : "memory");
    }
  }
}

// The operands of inline assembly are numbered: 0 and 1 the descriptors, then the sums.
#define TEN(d) "%" #d "0, %" #d "1, %" #d "2, %" #d "3, %" #d "4, %" #d "5, %" #d "6, %" #d "7, %" #d "8, %" #d "9"
#define SUMS_8(c, i) \
  "+f"(c[i]), "+f"(c[i + 1]), "+f"(c[i + 2]), "+f"(c[i + 3]), "+f"(c[i + 4]), "+f"(c[i + 5]), "+f"(c[i + 6]), "+f"(c[i + 7])
#define SUMS_32(c, i) SUMS_8(c, i), SUMS_8(c, i + 8), SUMS_8(c, i + 16), SUMS_8(c, i + 24)
#define SUMS_64(c, i) SUMS_32(c, i), SUMS_32(c, i + 32)
#define REGISTERS_28 "%2, %3, %4, %5, %6, %7, %8, %9, " TEN(1) ", " TEN(2)
#define REGISTERS_58 REGISTERS_28 ", " TEN(3) ", " TEN(4) ", " TEN(5)
#if PANEL == 64
  #define SHAPE "m64n64k16"
  #define REGISTERS REGISTERS_28 ", %30, %31, %32, %33"
  #define ALL_SUMS(c) SUMS_32(c, 0)
#elif PANEL == 128
  #define SHAPE "m64n128k16"
  #define REGISTERS REGISTERS_58 ", %60, %61, %62, %63, %64, %65"
  #define ALL_SUMS(c) SUMS_64(c, 0)
#elif PANEL == 144
  #define SHAPE "m64n144k16"
  #define REGISTERS REGISTERS_58 ", " TEN(6) ", %70, %71, %72, %73"
  #define ALL_SUMS(c) SUMS_64(c, 0), SUMS_8(c, 64)
#elif PANEL == 208
  #define SHAPE "m64n208k16"
  #define REGISTERS \
    REGISTERS_58 ", " TEN(6) ", " TEN(7) ", " TEN(8) ", " TEN(9) ", %100, %101, %102, %103, %104, %105"
  #define ALL_SUMS(c) SUMS_64(c, 0), SUMS_32(c, 64), SUMS_8(c, 96)
#else
  #define SHAPE "m64n256k16"
  #define REGISTERS \
    REGISTERS_58 ", " TEN(6) ", " TEN(7) ", " TEN(8) ", " TEN(9) ", " TEN(10) ", " TEN(11) ", " TEN(12)
  #define ALL_SUMS(c) SUMS_64(c, 0), SUMS_64(c, 64)
#endif
#define MULTIPLY_16_K COVERED "wgmma.mma_async.sync.aligned." SHAPE "." PTX_PRODUCT " {" REGISTERS "}, %0, %1, 1, 1, 1, 0, 0;\n"
#define ADVANCE "\tadd.s64 %0, %0, 2;\n\tadd.s64 %1, %1, 2;\n"
#if OPERAND == 0
  #define PTX_PRODUCT "f32.f16.f16"
#else
  #define PTX_PRODUCT "f32.bf16.bf16"
#endif

// One statement, so that the compiler has no place for a copy of a register between the instructions.
static inline void product(float *c, ulong a, ulong b, pipeline *p) {
  asm volatile(COVERED "wgmma.fence.sync.aligned;\n" MULTIPLY_16_K ADVANCE MULTIPLY_16_K ADVANCE MULTIPLY_16_K ADVANCE
                   MULTIPLY_16_K COVERED "wgmma.commit_group.sync.aligned;"
               : "+l"(a), "+l"(b), ALL_SUMS(c)
               :
               : "memory");
}

#define products_wait(c, count, p) asm volatile(COVERED "wgmma.wait_group.sync.aligned %0;" : : "n"(count) : "memory")

// All sums pass through, so that nothing reads one before.
static inline void products_end(float *c, pipeline *p) {
  ulong a = 0, b = 0;
  asm volatile(COVERED "wgmma.wait_group.sync.aligned 0;" : "+l"(a), "+l"(b), ALL_SUMS(c) : : "memory");
}

// One statement for the same reason. 0 is the descriptor, then come 32 sums, then four words of weights for each 16 of k.
#if PANEL <= 208
#define WEIGHTS_4(w, i) "r"(w[i]), "r"(w[i + 1]), "r"(w[i + 2]), "r"(w[i + 3])
#define WEIGHTS_16(w, i) WEIGHTS_4(w, i), WEIGHTS_4(w, i + 4), WEIGHTS_4(w, i + 8), WEIGHTS_4(w, i + 12)
#define WEIGH_16_K(words) COVERED "wgmma.mma_async.sync.aligned.m64n64k16." PTX_PRODUCT " {%1, " REGISTERS_28 \
  ", %30, %31, %32}, {" words "}, %0, 1, 1, 1, 1;\n"
#define NEXT_ROWS "\tadd.s64 %0, %0, 128;\n"
#define WEIGH_4 WEIGH_16_K("%33, %34, %35, %36") NEXT_ROWS WEIGH_16_K("%37, %38, %39, %40") NEXT_ROWS \
  WEIGH_16_K("%41, %42, %43, %44") NEXT_ROWS WEIGH_16_K("%45, %46, %47, %48")
#define WEIGH_8 WEIGH_4 NEXT_ROWS WEIGH_16_K("%49, %50, %51, %52") NEXT_ROWS WEIGH_16_K("%53, %54, %55, %56") NEXT_ROWS \
  WEIGH_16_K("%57, %58, %59, %60") NEXT_ROWS WEIGH_16_K("%61, %62, %63, %64")
#define WEIGH_9 WEIGH_8 NEXT_ROWS WEIGH_16_K("%65, %66, %67, %68")
#if PANEL == 64
  #define WEIGH WEIGH_4
  #define ALL_WEIGHTS(w) WEIGHTS_16(w, 0)
#elif PANEL == 128
  #define WEIGH WEIGH_8
  #define ALL_WEIGHTS(w) WEIGHTS_16(w, 0), WEIGHTS_16(w, 16)
#elif PANEL == 144
  #define WEIGH WEIGH_9
  #define ALL_WEIGHTS(w) WEIGHTS_16(w, 0), WEIGHTS_16(w, 16), WEIGHTS_4(w, 32)
#else
  #define WEIGH WEIGH_9 NEXT_ROWS WEIGH_16_K("%69, %70, %71, %72") NEXT_ROWS WEIGH_16_K("%73, %74, %75, %76") NEXT_ROWS \
    WEIGH_16_K("%77, %78, %79, %80") NEXT_ROWS WEIGH_16_K("%81, %82, %83, %84")
  #define ALL_WEIGHTS(w) WEIGHTS_16(w, 0), WEIGHTS_16(w, 16), WEIGHTS_16(w, 32), WEIGHTS_4(w, 48)
#endif

static inline void weigh(float *c, const uint *weights, ulong b, int memory, pipeline *p) {
  asm volatile(COVERED "wgmma.fence.sync.aligned;\n" WEIGH COVERED "wgmma.commit_group.sync.aligned;\n"
                   COVERED "wgmma.wait_group.sync.aligned 0;"
               : "+l"(b), SUMS_32(c, 0)
               : ALL_WEIGHTS(weights)
               : "memory");
}
#endif
#endif
#endif
