/// Tile of `linear.cl`, `patch_embedding.cl` and `patch_embedding_simd.cl`; `NarrowForm.tile` takes that of the portable forms of
/// lower precision from it.
struct LinearTuning: KernelTuning {
    /// Rows per item.
    var rows: Int
    /// Floats per vector.
    var vector: Int
    /// Vectors per row and item.
    var vectors: Int
    /// Items side by side.
    var groupColumns: Int
    /// Items below each other.
    var groupRows: Int
    /// Whether a layer norm runs inside the linear that follows it; otherwise it is a launch of its own.
    var fusesLayerNorm: Bool

    static let knobs: [Knob<Self>] = [
        Knob(name: "ROWS", path: \.rows, candidates: [2, 4, 6, 8]),
        Knob(name: "VECTOR", path: \.vector, candidates: [4, 8, 16]),
        Knob(name: "VECTORS", path: \.vectors, candidates: [1, 2, 3, 4]),
        Knob(name: "GROUP_COLUMNS", path: \.groupColumns, candidates: [1, 8, 16]),
        Knob(name: "GROUP_ROWS", path: \.groupRows, candidates: [1, 4, 8]),
    ]

    var isLegal: Bool { [1, 2, 4, 8, 16].contains(vector) && items <= 256 }

    /// Items of a group.
    var items: Int { groupColumns * groupRows }
    /// Columns of an item that is a group of its own: the width of a weight panel of the `simd` variants.
    var itemColumns: Int { vectors * vector }
    /// Columns of a group: the width of a weight panel.
    var panel: Int { groupColumns * vectors * vector }
    /// Rows of a group.
    var groupHeight: Int { groupRows * rows }

    /// The same tile with as many rows as local memory can hold patches.
    func fittingPatches(of side: Int, localMemory: Int) -> LinearTuning {
        var fitted = self
        // Some drivers take a few bytes of it for themselves.
        while fitted.rows > 1, fitted.rows * 12 * side * side >= localMemory { fitted.rows -= 1 }
        return fitted
    }
}
