/// Tiles of `linear_tiled.cl`.
struct LinearTiledTuning: KernelTuning {
    /// Rows per item; a multiple of 4.
    var rows: Int
    /// Vectors of four floats per row and item.
    var vectors: Int
    /// Items side by side.
    var groupColumns: Int
    /// Items below each other.
    var groupRows: Int
    /// Steps of the sum per tile; a multiple of 4.
    var depth: Int

    static let knobs: [Knob<Self>] = [
        Knob(name: "ROWS", path: \.rows, candidates: [4, 8]),
        Knob(name: "VECTORS", path: \.vectors, candidates: [1, 2]),
        Knob(name: "GROUP_COLUMNS", path: \.groupColumns, candidates: [8, 16, 32]),
        Knob(name: "GROUP_ROWS", path: \.groupRows, candidates: [4, 8, 16]),
        Knob(name: "DEPTH", path: \.depth, candidates: [8, 16, 32]),
    ]

    /// The items of a group must share the loading of both tiles evenly.
    var isLegal: Bool {
        rows % 4 == 0 && depth % 4 == 0 && rows * depth % (4 * groupColumns) == 0 && depth * vectors % groupRows == 0
            && items <= 256
    }

    /// Items of a group.
    var items: Int { groupColumns * groupRows }
    /// Columns of a group: the width of a weight panel.
    var panel: Int { groupColumns * vectors * 4 }
    /// Rows of a group.
    var groupHeight: Int { groupRows * rows }

    /// Local memory of a group with layer norm inside, the larger form, in bytes.
    var localBytes: Int { 4 * (2 * depth * (groupHeight + 4 + panel) + groupHeight * (2 * groupColumns + 3)) }

    /// Inputs of a packed weight: a whole number of tiles.
    func paddedInputs(_ inputs: Int) -> Int { (inputs + depth - 1) / depth * depth }
}
