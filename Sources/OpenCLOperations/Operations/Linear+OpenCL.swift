package import OpenCLRuntime
package import Operations

/// A linear layer in device memory, packed for the variant that runs it.
package struct OpenCLLinear {
    let inputWidth: Int
    let outputWidth: Int
    let weight: Buffer
    let bias: Buffer
    let hasLayerScale: Bool
    /// Whether the weight is stored as half.
    var isHalf = false
    /// How a product in less than float32 runs; nil for float32.
    var narrow: NarrowWeight?
}

extension OpenCLBackend {
    /// Folds layer scale into weight and bias, packs the weight and moves both to the device.
    package func prepare(_ parameters: LinearParameters) throws(OpenCLError) -> OpenCLLinear {
        if let narrowProduct, !parameters.staysFloat32,
            narrowProduct.precision != .float16 || Self.fitsHalf(parameters.weight, scale: parameters.layerScale)
        {
            return try prepareNarrow(parameters, narrowProduct)
        }
        if variant(of: .linear) == .tiled { return try prepareTiled(parameters) }
        let (weight, bias) = try storePacked(
            parameters.weight, bias: parameters.bias, scale: parameters.layerScale, for: .linear)
        return OpenCLLinear(
            inputWidth: parameters.inputWidth, outputWidth: parameters.outputWidth, weight: weight, bias: bias,
            hasLayerScale: parameters.layerScale != nil)
    }

    package func linear(
        _ x: DeviceTensor, _ linear: OpenCLLinear, after norm: OpenCLLayerNorm?, then activation: Activation,
        adding residual: DeviceTensor?
    ) throws(OpenCLError) -> DeviceTensor {
        precondition(
            x.shape.width == linear.inputWidth, "linear expects rows of \(linear.inputWidth), found \(x.shape)")
        precondition(!linear.hasLayerScale || activation == .identity, "layer scale is folded before the activation")
        let residual = if let residual { try widened(residual) } else { nil as DeviceTensor? }
        if let narrow = linear.narrow {
            return try linearNarrow(x, linear, narrow, after: norm, then: activation, adding: residual)
        }
        let x = try widened(x)
        if let norm, !fusesLayerNorm {
            let normalized = try layerNorm(x, norm)
            return try self.linear(normalized, linear, after: nil, then: activation, adding: residual)
        }
        let y = try DeviceTensor(x.shape.replacingWidth(linear.outputWidth), from: pool)
        precondition(residual.map { $0.shape.count == y.shape.count } ?? true, "residual must be \(y.shape)")
        let rows = x.shape.rows
        let arguments: [Argument] = [
            .buffer(x.buffer), .buffer(linear.weight), .buffer(linear.bias),
            residual.map { .buffer($0.buffer) } ?? .unused, norm.map { .buffer($0.scale) } ?? .unused,
            norm.map { .buffer($0.shift) } ?? .unused, .float(norm?.epsilon ?? 0), .buffer(y.buffer), .int(rows),
        ]
        let problem = [
            "INPUTS": linear.inputWidth, "OUTPUTS": linear.outputWidth, "NORM": norm == nil ? 0 : 1,
            "RESIDUAL": residual == nil ? 0 : 1, "ACTIVATION": activation.macro,
        ]
        let defines = problem.merging(norm?.defines ?? [:]) { $1 }
        let flop = 2 * rows * linear.inputWidth * linear.outputWidth
        switch variant(of: .linear) {
        case .tiled:
            try launchLinearTiled(linear, defines, arguments, flop: flop, rows: rows)
        case .portable, .simd:
            try launchTiled(.linear, defines, arguments, flop: flop, rows: rows, columns: linear.outputWidth)
        case .plain:
            try launch(.linear, defines, arguments, flop: flop, global: [linear.outputWidth, rows], local: nil)
        }
        return y
    }

    /// Launches a kernel whose groups tile rows × columns of the result.
    func launchTiled(
        _ operation: Operation, _ defines: [String: Int], _ arguments: [Argument], flop: Int, rows: Int, columns: Int
    ) throws(OpenCLError) {
        let tuning = profile.linear
        let rowGroups = RowGroups(rows: rows, height: tuning.groupHeight)
        let panels = (columns + tuning.panel - 1) / tuning.panel
        try launch(
            operation, defines.merging(tuning.defines) { problem, _ in problem }, arguments, flop: flop,
            global: [rowGroups.perBlock * tuning.groupColumns, panels * tuning.groupRows, rowGroups.blocks],
            local: [tuning.groupColumns, tuning.groupRows, 1])
    }

    /// Stores a weight `[out, in]` and its bias as a variant of a tiled operation reads them.
    func storePacked(
        _ weight: HostTensor, bias: [Float]?, scale: [Float]?, for operation: Operation
    ) throws(OpenCLError) -> (weight: Buffer, bias: Buffer) {
        let outputs = weight.shape[0]
        switch variant(of: operation) {
        case .portable, .simd, .tiled:
            let panel = variant(of: operation) == .simd ? profile.linear.itemColumns : profile.linear.panel
            return (
                try storeTransposed(weight, scale: scale, panel: panel) { $0 },
                try store(paddedBias(bias, scale: scale, outputs: outputs, panel: panel))
            )
        case .plain:
            let scaledBias = paddedBias(bias, scale: scale, outputs: outputs, panel: 1)
            guard let scale else { return (try store(weight.values), try store(scaledBias)) }
            let inputs = weight.shape[1]
            return (
                try store(weight.values.indices.map { weight.values[$0] * scale[$0 / inputs] }), try store(scaledBias)
            )
        }
    }
}

extension Activation {
    /// The value of the macro ACTIVATION in `activation.cl`.
    var macro: Int {
        switch self {
        case .identity: 0
        case .gelu: 1
        case .geluTanh: 2
        case .geluQuick: 3
        case .silu: 4
        case .relu: 5
        }
    }
}
