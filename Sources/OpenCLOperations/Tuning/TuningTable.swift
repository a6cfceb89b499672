import OpenCLRuntime

/// The tunings that ship: correct everywhere, fair on most devices.
struct TuningTable {
    let linear: LinearTuning
    let layerNorm: LayerNormTuning
    let attention: AttentionTuning
    let softmax: SoftmaxTuning

    /// A CPU device gets work-groups of one and its own vectors; anything else small groups side by side.
    static func defaults(for device: Device) -> TuningTable {
        device.kind == .cpu ? cpu(vector: max(4, min(16, device.nativeFloatVectorWidth))) : gpu
    }

    private static func cpu(vector: Int) -> TuningTable {
        TuningTable(
            linear: LinearTuning(
                rows: 6, vector: vector, vectors: 2, groupColumns: 1, groupRows: 1, fusesLayerNorm: false),
            layerNorm: LayerNormTuning(vector: vector, group: 1),
            attention: AttentionTuning(vector: vector, keys: 8, group: 1),
            softmax: SoftmaxTuning(group: 1))
    }

    private static let gpu = TuningTable(
        linear: LinearTuning(rows: 4, vector: 4, vectors: 1, groupColumns: 16, groupRows: 8, fusesLayerNorm: true),
        layerNorm: LayerNormTuning(vector: 4, group: 64),
        attention: AttentionTuning(vector: 4, keys: 8, group: 32),
        softmax: SoftmaxTuning(group: 64))
}
