import OpenCLRuntime
import Operations

/// The host side of `linear_matrix.cl`.
extension OpenCLBackend {
    /// Folds layer scale in, narrows the weight and pads its rows: `[panels · panel, ⌈in / 32⌉ · 32]`.
    func prepareMatrix(
        _ parameters: LinearParameters, _ product: NarrowProduct, _ instruction: MatrixInstruction
    ) throws(OpenCLError) -> OpenCLLinear {
        if instruction == .wgmma { return try prepareWarpGroups(parameters, product) }
        let panel = MatrixTile(instruction, isEmulated: product.isEmulated).panel(instruction)
        let (outputs, inputs) = (parameters.outputWidth, parameters.inputWidth)
        let (stride, scale) = (product.operandStride(inputs), parameters.layerScale)
        let weight = try storeOperands(parameters, product.precision, panel: panel, width: stride) { row, chunk in
            row * stride + chunk * 8
        }
        return OpenCLLinear(
            inputWidth: inputs, outputWidth: outputs, weight: weight,
            bias: try store(paddedBias(parameters.bias, scale: scale, outputs: outputs, panel: panel)),
            hasLayerScale: scale != nil, narrow: NarrowWeight(product: product))
    }

    /// A weight's operands with layer scale folded in, by panels of rows padded to a width, zero where there is no weight.
    ///
    /// - Parameter place: Where eight neighbours of a panel's row go in the panel.
    func storeOperands(
        _ parameters: LinearParameters, _ precision: Precision, panel: Int, width: Int,
        at place: @Sendable (_ row: Int, _ chunk: Int) -> Int
    ) throws(OpenCLError) -> Buffer {
        let (values, scale) = (parameters.weight.values, parameters.layerScale)
        let (outputs, inputs) = (parameters.outputWidth, parameters.inputWidth)
        return try storePanels((outputs + panel - 1) / panel, of: panel * width) {
            (index, target: UnsafeMutablePointer<UInt16>) in
            values.withUnsafeBufferPointer { source in
                for row in 0..<min(panel, outputs - index * panel) {
                    let output = index * panel + row
                    let line = UnsafeBufferPointer(rebasing: source[output * inputs..<(output + 1) * inputs])
                    precision.forOperands(of: line, times: scale?[output] ?? 1) { chunk, bits in
                        UnsafeMutableRawPointer(target + place(row, chunk)).storeBytes(of: bits, as: SIMD8<UInt16>.self)
                    }
                }
            }
        }
    }

    /// Multiplies operands; what follows a norm, and is no sum with a residual, is left as operands too.
    func linearMatrix(
        _ x: DeviceTensor, _ linear: OpenCLLinear, _ product: NarrowProduct, _ instruction: MatrixInstruction,
        after norm: OpenCLLayerNorm?, then activation: Activation, adding residual: DeviceTensor?
    ) throws(OpenCLError) -> DeviceTensor {
        let rows = if let norm { try layerNorm(x, norm, adding: nil, as: product) } else { x }
        let operands = try narrowed(rows, to: product)
        let staysNarrow = norm != nil && residual == nil
        // After an activation another linear layer follows, without one attention does.
        let element = !staysNarrow ? .float32 : activation == .identity ? .operand : product.operandElement
        let y = try DeviceTensor(x.shape.replacingWidth(linear.outputWidth), element, from: pool)
        precondition(residual.map { $0.shape.count == y.shape.count } ?? true, "residual must be \(y.shape)")
        if instruction == .wgmma {
            try launchWarpGroups(
                operands, linear, product, activation: activation, residual: residual?.buffer, into: y,
                rows: y.shape.rows)
            return y
        }
        let tile = MatrixTile(instruction, isEmulated: product.isEmulated)
        let (count, outputs, panel) = (y.shape.rows, linear.outputWidth, tile.panel(instruction))
        let problem = [
            "INPUTS": linear.inputWidth, "OUTPUTS": outputs, "RESIDUAL": residual == nil ? 0 : 1,
            "ACTIVATION": activation.macro, "NARROW_OUTPUT": staysNarrow ? 1 : 0,
        ]
        try launch(
            .linear, kernel: "linear_matrix",
            problem.merging(tile.defines) { $1 }.merging(product.matrixDefines(instruction)) { $1 },
            [
                .buffer(operands.buffer), .buffer(linear.weight), .buffer(linear.bias),
                residual.map { .buffer($0.buffer) } ?? .unused, .buffer(y.buffer), .int(count),
            ], flop: 2 * count * linear.inputWidth * outputs,
            global: [
                (count + tile.blockRows - 1) / tile.blockRows * tile.items(instruction), (outputs + panel - 1) / panel,
            ], local: [tile.items(instruction), 1])
        return y
    }
}

extension NarrowProduct {
    /// The macros that say how `matrix.cl` and `wgmma.cl` multiply.
    func matrixDefines(_ instruction: MatrixInstruction) -> [String: Int] {
        ["MATRIX": instruction.rawValue, "EMULATED": emulation?.rawValue ?? 0, "OPERAND": operandMacro]
    }
}

extension Precision {
    /// Rounds a row of a weight, a factor in: hands it on eight neighbours at a time, zeros past its end.
    ///
    /// - Parameter store: Gets the number of the chunk and its bits.
    func forOperands(
        of row: UnsafeBufferPointer<Float>, times factor: Float, _ store: (_ chunk: Int, SIMD8<UInt16>) -> Void
    ) {
        guard let base = row.baseAddress else { return }
        for first in stride(from: 0, to: row.count, by: 8) {
            var values = SIMD8<Float>.zero
            if first + 8 <= row.count {
                values = UnsafeRawPointer(base + first).loadUnaligned(as: SIMD8<Float>.self)
            } else {
                for index in first..<row.count { values[index - first] = row[index] }
            }
            store(first / 8, operandBits(values * factor))
        }
    }

    /// Numbers of 16 bits, rounded to nearest, ties to even; NaN stays NaN.
    func operandBits(_ values: SIMD8<Float>) -> SIMD8<UInt16> {
        if self == .float16 { return unsafeBitCast(SIMD8<Float16>(values), to: SIMD8<UInt16>.self) }
        let bits = unsafeBitCast(values, to: SIMD8<UInt32>.self)
        let rounded = (bits &+ 0x7FFF &+ ((bits &>> 16) & 1)) &>> 16
        return SIMD8(truncatingIfNeeded: rounded.replacing(with: (bits &>> 16) | 0x40, where: values .!= values))
    }
}
