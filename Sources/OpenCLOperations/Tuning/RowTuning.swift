/// Vector and group of `layer_norm.cl`.
struct LayerNormTuning: KernelTuning {
    /// Floats per vector.
    var vector: Int
    /// Items per row; a power of two.
    var group: Int

    static let knobs: [Knob<Self>] = [
        Knob(name: "VECTOR", path: \.vector, candidates: [4, 8, 16]),
        Knob(name: "GROUP", path: \.group, candidates: [1, 32, 64, 128, 256]),
    ]

    var isLegal: Bool { [1, 2, 4, 8, 16].contains(vector) && group & (group - 1) == 0 }
}

/// Group of `softmax.cl`.
struct SoftmaxTuning: KernelTuning {
    /// Items per row; a power of two.
    var group: Int

    static let knobs: [Knob<Self>] = [Knob(name: "GROUP", path: \.group, candidates: [1, 32, 64, 128, 256])]

    var isLegal: Bool { group & (group - 1) == 0 }
}
