/// Vector and group of the kernels that walk rows, `layer_norm.cl`, `softmax.cl` and `attention_map.cl`, and the vector of
/// `pooling.cl`, `query_key.cl`, `gating.cl` and `quantization.cl`.
struct RowTuning: KernelTuning {
    /// Floats per vector.
    var vector: Int
    /// Items per row; a power of two.
    var group: Int

    static let knobs: [Knob<Self>] = [
        Knob(name: "VECTOR", path: \.vector, candidates: [4, 8, 16]),
        Knob(name: "GROUP", path: \.group, candidates: [1, 32, 64, 128, 256]),
    ]

    var isLegal: Bool { [1, 2, 4, 8, 16].contains(vector) && group & (group - 1) == 0 }

    /// Items of a group.
    var items: Int { group }
}
