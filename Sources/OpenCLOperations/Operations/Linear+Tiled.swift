import OpenCLRuntime
import Operations

/// The host side of `linear_tiled.cl`.
extension OpenCLBackend {
    /// Stores a layer as `linear_tiled.cl` reads it: panels whose inputs are padded to whole tiles.
    ///
    /// As half where the options say so and every weight is in half's range; a layer beyond it stays float32.
    func prepareTiled(_ parameters: LinearParameters) throws(OpenCLError) -> OpenCLLinear {
        let (weight, scale) = (parameters.weight, parameters.layerScale)
        let tuning = profile.linearTiled
        let outputs = parameters.outputWidth
        let panels = (outputs + tuning.panel - 1) / tuning.panel
        var bias = [Float](repeating: 0, count: panels * tuning.panel)
        for output in 0..<outputs { bias[output] = (parameters.bias?[output] ?? 0) * (scale?[output] ?? 1) }
        let isHalf = storesWeightsAsHalf && Self.fitsHalf(weight, scale: scale)
        return OpenCLLinear(
            inputWidth: parameters.inputWidth, outputWidth: outputs,
            weight: try isHalf
                ? storeTiles(weight, scale: scale, zero: Float16(0)) { Float16($0) }
                : storeTiles(weight, scale: scale, zero: Float(0)) { $0 },
            bias: try store(bias), hasLayerScale: scale != nil, isHalf: isHalf)
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
    private static func fitsHalf(_ weight: HostTensor, scale: [Float]?) -> Bool {
        let inputs = weight.shape[1]
        return weight.values.indices.allSatisfy { index in
            Float16(weight.values[index] * (scale?[index / inputs] ?? 1)).isFinite
        }
    }

    /// Wᵀ in panels, `[panels][padded inputs][panel]`, written a few panels at a time: no second copy is made.
    private func storeTiles<Element: BitwiseCopyable & Sendable>(
        _ weight: HostTensor, scale: [Float]?, zero: Element, as element: (Float) -> Element
    ) throws(OpenCLError) -> Buffer {
        let (outputs, inputs, panel) = (weight.shape[0], weight.shape[1], profile.linearTiled.panel)
        let size = profile.linearTiled.paddedInputs(inputs) * panel
        let panels = (outputs + panel - 1) / panel
        let stride = MemoryLayout<Element>.stride
        let buffer = try Buffer(queue.context, byteCount: panels * size * stride)
        let panelsPerChunk = max(1, (1 << 20) / size)
        for first in Swift.stride(from: 0, to: panels, by: panelsPerChunk) {
            let count = min(panelsPerChunk, panels - first)
            var chunk = [Element](repeating: zero, count: count * size)
            weight.values.withUnsafeBufferPointer { source in
                chunk.withUnsafeMutableBufferPointer { target in
                    for output in first * panel..<min((first + count) * panel, outputs) {
                        let factor = scale?[output] ?? 1
                        let column = (output / panel - first) * size + output % panel
                        for k in 0..<inputs {
                            target[column + k * panel] = element(source[output * inputs + k] * factor)
                        }
                    }
                }
            }
            try queue.write(chunk, to: buffer, offset: first * size * stride)
        }
        return buffer
    }
}
