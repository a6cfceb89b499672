import OpenCLRuntime
import Operations

/// The host side of `linear_tiled.cl`.
extension OpenCLBackend {
    /// Stores a layer as `linear_tiled.cl` reads it: panels whose inputs are padded to whole tiles.
    ///
    /// As half where the options say so and every weight is in half's range; a layer beyond it stays float32.
    func prepareTiled(_ parameters: LinearParameters) throws(OpenCLError) -> OpenCLLinear {
        let (weight, scale, tuning) = (parameters.weight, parameters.layerScale, profile.linearTiled)
        let (panel, rows) = (tuning.panel, tuning.paddedInputs(parameters.inputWidth))
        let isHalf = storesWeightsAsHalf && Self.fitsHalf(weight, scale: scale)
        return OpenCLLinear(
            inputWidth: parameters.inputWidth, outputWidth: parameters.outputWidth,
            weight: try isHalf
                ? storeTransposed(weight, scale: scale, panel: panel, rows: rows) { SIMD4<Float16>($0) }
                : storeTransposed(weight, scale: scale, panel: panel, rows: rows) { $0 },
            bias: try store(
                paddedBias(parameters.bias, scale: scale, outputs: parameters.outputWidth, panel: panel)),
            hasLayerScale: scale != nil, isHalf: isHalf)
    }

    /// Launches the kernel over `rows` rows.
    func launchLinearTiled(
        _ linear: OpenCLLinear, _ defines: [String: Int], _ arguments: [Argument], flop: Int, rows: Int
    ) throws(OpenCLError) {
        let tuning = profile.linearTiled
        let storage = linear.isHalf ? ["HALF_WEIGHTS": 1] : [:]
        let groups = (
            (rows + tuning.groupHeight - 1) / tuning.groupHeight, (linear.outputWidth + tuning.panel - 1) / tuning.panel
        )
        try launch(
            .linear, defines.merging(tuning.defines) { problem, _ in problem }.merging(storage) { $1 }, arguments,
            flop: flop, global: [groups.0 * tuning.groupColumns, groups.1 * tuning.groupRows],
            local: [tuning.groupColumns, tuning.groupRows])
    }

    /// Whether every weight, its layer scale folded in, rounds to a finite half.
    static func fitsHalf(_ weight: HostTensor, scale: [Float]?) -> Bool {
        let inputs = weight.shape[1]
        return weight.values.indices.allSatisfy { index in
            Float16(weight.values[index] * (scale?[index / inputs] ?? 1)).isFinite
        }
    }
}
