/// Step and group of `attention.cl`.
struct AttentionTuning: KernelTuning {
    /// Floats per vector, at most; the kernel gets the largest power of two below that divides the head width.
    var vector: Int
    /// Keys per step.
    var keys: Int
    /// Queries per group.
    var group: Int

    static let knobs: [Knob<Self>] = [
        Knob(name: "VECTOR", path: \.vector, candidates: [4, 8, 16]),
        Knob(name: "KEYS", path: \.keys, candidates: [4, 8, 16]),
        Knob(name: "GROUP", path: \.group, candidates: [1, 8, 32, 64]),
    ]

    var isLegal: Bool { [1, 2, 4, 8, 16].contains(vector) && [2, 4, 8, 16].contains(keys) }

    /// Items of a group.
    var items: Int { group }

    /// The same tuning for heads of a given width.
    func fitting(headWidth: Int) -> AttentionTuning {
        var fitted = self
        while headWidth % fitted.vector != 0 { fitted.vector /= 2 }
        return fitted
    }
}
