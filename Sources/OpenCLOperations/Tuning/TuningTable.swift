import OpenCLRuntime

/// The tunings that ship: correct everywhere, fair on most devices.
struct TuningTable {
    var linear: LinearTuning
    var rows: RowTuning
    var attention: AttentionTuning
    var attentionSIMD: AttentionSIMDTuning
    var linearTiled: LinearTiledTuning
    var attentionTiled: AttentionTiledTuning

    /// A CPU device gets work-groups of one and its own vectors; anything else small groups side by side.
    ///
    /// - Parameter kind: The kind of device to tune for; nil for the device's own. Any tuning is right on any device,
    ///   so that what a GPU would get can be checked on a CPU device.
    static func defaults(for device: Device, as kind: Device.Kind? = nil) -> TuningTable {
        (kind ?? device.kind) == .cpu ? cpu(vector: max(4, min(16, device.nativeFloatVectorWidth))) : gpu
    }

    private static func cpu(vector: Int) -> TuningTable {
        TuningTable(
            linear: LinearTuning(
                rows: 6, vector: vector, vectors: 2, groupColumns: 1, groupRows: 1, fusesLayerNorm: false),
            rows: RowTuning(vector: vector, group: 1),
            attention: AttentionTuning(vector: vector, keys: 8, group: 1),
            // As many sums as the registers hold beside a step's vectors: 16 registers, and 32 where vectors have 16. Every
            // few channels read all scores of a block again, so that they should stay in L1: with blocks of 256 keys
            // attention at 1370 tokens took 1.2 times as long on Zen 3. Those for vectors of 16 are from before, and
            // not measured with blocks of 128.
            attentionSIMD: vector < 16
                ? AttentionSIMDTuning(vector: vector, vectors: 5, rows: 2, keyBlock: 128, tiles: 8)
                : AttentionSIMDTuning(vector: vector, vectors: 2, rows: 8, keyBlock: 512, tiles: 8),
            linearTiled: LinearTiledTuning(rows: 4, vectors: 2, groupColumns: 8, groupRows: 4, depth: 8),
            attentionTiled: AttentionTiledTuning(groupColumns: 4, groupRows: 2))
    }

    private static let gpu = TuningTable(
        linear: LinearTuning(rows: 4, vector: 4, vectors: 1, groupColumns: 16, groupRows: 8, fusesLayerNorm: true),
        rows: RowTuning(vector: 4, group: 32),
        attention: AttentionTuning(vector: 4, keys: 8, group: 32),
        attentionSIMD: AttentionSIMDTuning(vector: 4, vectors: 1, rows: 4, keyBlock: 64, tiles: 2),
        linearTiled: LinearTiledTuning(rows: 8, vectors: 1, groupColumns: 16, groupRows: 8, depth: 16),
        attentionTiled: AttentionTiledTuning(groupColumns: 8, groupRows: 8))
}
