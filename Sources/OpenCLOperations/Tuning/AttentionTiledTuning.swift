/// Group of `attention_tiled.cl`: an item has four queries and four keys of a block.
struct AttentionTiledTuning: KernelTuning {
    /// Items side by side; the keys of a block are four times as many.
    var groupColumns: Int
    /// Items below each other; the queries of a group are four times as many.
    var groupRows: Int

    static let knobs: [Knob<Self>] = [
        Knob(name: "GROUP_COLUMNS", path: \.groupColumns, candidates: [4, 8, 16]),
        Knob(name: "GROUP_ROWS", path: \.groupRows, candidates: [4, 8, 16]),
    ]

    var isLegal: Bool { groupColumns > 0 && groupRows > 0 && items <= 256 }

    /// Items of a group.
    var items: Int { groupColumns * groupRows }
    /// Queries of a group.
    var queries: Int { 4 * groupRows }

    /// The same tuning, with fewer queries where local memory asks for it; nil where even four do not fit.
    func fitting(headWidth: Int, localMemory: Int) -> AttentionTiledTuning? {
        var fitted = self
        while fitted.localBytes(headWidth: headWidth) > localMemory {
            guard fitted.groupRows > 1 else { return nil }
            fitted.groupRows /= 2
        }
        return fitted
    }

    /// Local memory of a group, in bytes: queries, keys or values, weights, and one float a query and item.
    func localBytes(headWidth: Int) -> Int {
        let quads = (headWidth + 3) / 4
        let keys = 4 * groupColumns
        let values = (quads + groupColumns - 1) / groupColumns * groupColumns
        let block = max(4 * quads * (groupColumns + 1), keys * values)
        return 16 * (4 * quads * (groupRows + 1) + block + keys * (groupRows + 1)) + 4 * queries * groupColumns
    }
}
