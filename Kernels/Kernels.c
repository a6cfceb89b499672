// The catalogue of kernels: one line a file. #embed is C23; clang warns of it in older modes.
#include "Kernels.h"

#include <string.h>

#pragma clang diagnostic ignored "-Wc23-extensions"

static const char activation[] = {
#embed "activation.cl" suffix(, 0)
};
static const char attention[] = {
#embed "attention.cl" suffix(, 0)
};
static const char attention_map[] = {
#embed "attention_map.cl" suffix(, 0)
};
static const char attention_map_plain[] = {
#embed "attention_map_plain.cl" suffix(, 0)
};
static const char attention_matrix[] = {
#embed "attention_matrix.cl" suffix(, 0)
};
static const char attention_plain[] = {
#embed "attention_plain.cl" suffix(, 0)
};
static const char attention_simd[] = {
#embed "attention_simd.cl" suffix(, 0)
};
static const char attention_tiled[] = {
#embed "attention_tiled.cl" suffix(, 0)
};
static const char attention_wgmma[] = {
#embed "attention_wgmma.cl" suffix(, 0)
};
static const char common[] = {
#embed "common.cl" suffix(, 0)
};
static const char exponential[] = {
#embed "exponential.cl" suffix(, 0)
};
static const char fma_rate[] = {
#embed "fma_rate.cl" suffix(, 0)
};
static const char gating[] = {
#embed "gating.cl" suffix(, 0)
};
static const char gating_plain[] = {
#embed "gating_plain.cl" suffix(, 0)
};
static const char layer_norm[] = {
#embed "layer_norm.cl" suffix(, 0)
};
static const char layer_norm_plain[] = {
#embed "layer_norm_plain.cl" suffix(, 0)
};
static const char linear[] = {
#embed "linear.cl" suffix(, 0)
};
static const char linear_int8[] = {
#embed "linear_int8.cl" suffix(, 0)
};
static const char linear_matrix[] = {
#embed "linear_matrix.cl" suffix(, 0)
};
static const char linear_operand[] = {
#embed "linear_operand.cl" suffix(, 0)
};
static const char linear_plain[] = {
#embed "linear_plain.cl" suffix(, 0)
};
static const char linear_tiled[] = {
#embed "linear_tiled.cl" suffix(, 0)
};
static const char linear_wgmma[] = {
#embed "linear_wgmma.cl" suffix(, 0)
};
static const char matrix[] = {
#embed "matrix.cl" suffix(, 0)
};
static const char matrix_emulation[] = {
#embed "matrix_emulation.cl" suffix(, 0)
};
static const char matrix_instruction[] = {
#embed "matrix_instruction.cl" suffix(, 0)
};
static const char matrix_layout[] = {
#embed "matrix_layout.cl" suffix(, 0)
};
static const char narrowing[] = {
#embed "narrowing.cl" suffix(, 0)
};
static const char operand[] = {
#embed "operand.cl" suffix(, 0)
};
static const char patch_embedding[] = {
#embed "patch_embedding.cl" suffix(, 0)
};
static const char patch_embedding_plain[] = {
#embed "patch_embedding_plain.cl" suffix(, 0)
};
static const char patch_embedding_simd[] = {
#embed "patch_embedding_simd.cl" suffix(, 0)
};
static const char patch_operands[] = {
#embed "patch_operands.cl" suffix(, 0)
};
static const char pooling[] = {
#embed "pooling.cl" suffix(, 0)
};
static const char pooling_plain[] = {
#embed "pooling_plain.cl" suffix(, 0)
};
static const char quad[] = {
#embed "quad.cl" suffix(, 0)
};
static const char quantization[] = {
#embed "quantization.cl" suffix(, 0)
};
static const char query_key[] = {
#embed "query_key.cl" suffix(, 0)
};
static const char query_key_plain[] = {
#embed "query_key_plain.cl" suffix(, 0)
};
static const char read_rate[] = {
#embed "read_rate.cl" suffix(, 0)
};
static const char reduction[] = {
#embed "reduction.cl" suffix(, 0)
};
static const char softmax[] = {
#embed "softmax.cl" suffix(, 0)
};
static const char softmax_plain[] = {
#embed "softmax_plain.cl" suffix(, 0)
};
static const char swizzle[] = {
#embed "swizzle.cl" suffix(, 0)
};
static const char transposition[] = {
#embed "transposition.cl" suffix(, 0)
};
static const char wgmma[] = {
#embed "wgmma.cl" suffix(, 0)
};
static const char widening[] = {
#embed "widening.cl" suffix(, 0)
};

#define KERNEL(name) {#name, name}

static const struct {
    const char *name;
    const char *source;
} kernels[] = {
    KERNEL(activation),
    KERNEL(attention),
    KERNEL(attention_map),
    KERNEL(attention_map_plain),
    KERNEL(attention_matrix),
    KERNEL(attention_plain),
    KERNEL(attention_simd),
    KERNEL(attention_tiled),
    KERNEL(attention_wgmma),
    KERNEL(common),
    KERNEL(exponential),
    KERNEL(fma_rate),
    KERNEL(gating),
    KERNEL(gating_plain),
    KERNEL(layer_norm),
    KERNEL(layer_norm_plain),
    KERNEL(linear),
    KERNEL(linear_int8),
    KERNEL(linear_matrix),
    KERNEL(linear_operand),
    KERNEL(linear_plain),
    KERNEL(linear_tiled),
    KERNEL(linear_wgmma),
    KERNEL(matrix),
    KERNEL(matrix_emulation),
    KERNEL(matrix_instruction),
    KERNEL(matrix_layout),
    KERNEL(narrowing),
    KERNEL(operand),
    KERNEL(patch_embedding),
    KERNEL(patch_embedding_plain),
    KERNEL(patch_embedding_simd),
    KERNEL(patch_operands),
    KERNEL(pooling),
    KERNEL(pooling_plain),
    KERNEL(quad),
    KERNEL(quantization),
    KERNEL(query_key),
    KERNEL(query_key_plain),
    KERNEL(read_rate),
    KERNEL(reduction),
    KERNEL(softmax),
    KERNEL(softmax_plain),
    KERNEL(swizzle),
    KERNEL(transposition),
    KERNEL(wgmma),
    KERNEL(widening),
};

const char *fovea_kernel_source(const char *name) {
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; ++i) {
        if (strcmp(kernels[i].name, name) == 0) return kernels[i].source;
    }
    return 0;
}

const char *fovea_kernel_name(unsigned index) {
    return index < sizeof kernels / sizeof kernels[0] ? kernels[index].name : 0;
}
