import OpenCLRuntime
import Operations

/// The host side of `linear_matrix.cl`.
extension OpenCLBackend {
    /// Folds layer scale in, narrows the weight and pads its rows: `[panels · panel, ⌈in / 32⌉ · 32]`.
    func prepareMatrix(
        _ parameters: LinearParameters, _ product: NarrowProduct, _ instruction: MatrixInstruction
    ) throws(OpenCLError) -> OpenCLLinear {
        let panel = MatrixTile(instruction, isEmulated: product.isEmulated).panel(instruction)
        let (values, scale) = (parameters.weight.values, parameters.layerScale)
        let (outputs, inputs) = (parameters.outputWidth, parameters.inputWidth)
        let (stride, precision) = (product.operandStride(inputs), product.precision)
        let weight = try storePanels((outputs + panel - 1) / panel, of: panel * stride) { index, target in
            values.withUnsafeBufferPointer { source in
                for row in 0..<min(panel, outputs - index * panel) {
                    let output = index * panel + row
                    let factor = scale?[output] ?? 1
                    for k in 0..<inputs {
                        target[row * stride + k] = precision.operandBits(source[output * inputs + k] * factor)
                    }
                }
            }
        }
        return OpenCLLinear(
            inputWidth: inputs, outputWidth: outputs, weight: weight,
            bias: try store(paddedBias(parameters.bias, scale: scale, outputs: outputs, panel: panel)),
            hasLayerScale: scale != nil, narrow: NarrowWeight(product: product))
    }

    /// Multiplies rows that are operands already.
    func launchLinearMatrix(
        _ operands: DeviceTensor, _ linear: OpenCLLinear, _ product: NarrowProduct, _ instruction: MatrixInstruction,
        then activation: Activation, adding residual: DeviceTensor?, to y: DeviceTensor
    ) throws(OpenCLError) {
        let tile = MatrixTile(instruction, isEmulated: product.isEmulated)
        let (rows, outputs, panel) = (y.shape.rows, linear.outputWidth, tile.panel(instruction))
        let problem = [
            "INPUTS": linear.inputWidth, "OUTPUTS": outputs, "RESIDUAL": residual == nil ? 0 : 1,
            "ACTIVATION": activation.macro,
        ]
        try launch(
            .linear, kernel: "linear_matrix",
            problem.merging(tile.defines) { $1 }.merging(product.matrixDefines(instruction)) { $1 },
            [
                .buffer(operands.buffer), .buffer(linear.weight), .buffer(linear.bias),
                residual.map { .buffer($0.buffer) } ?? .unused, .buffer(y.buffer), .int(rows),
            ], flop: 2 * rows * linear.inputWidth * outputs,
            global: [
                (rows + tile.blockRows - 1) / tile.blockRows * tile.items(instruction), (outputs + panel - 1) / panel,
            ], local: [tile.items(instruction), 1])
    }
}

extension NarrowProduct {
    /// Operands of a row, padded to what the kernels read at once.
    func operandStride(_ width: Int) -> Int { (width + 31) / 32 * 32 }

    /// The macros that say how `matrix.cl` multiplies.
    func matrixDefines(_ instruction: MatrixInstruction) -> [String: Int] {
        [
            "MATRIX": instruction.rawValue, "EMULATED": isEmulated ? 1 : 0,
            "OPERAND": precision == .float16 ? 0 : 1,
        ]
    }

    /// Whether every weight, its layer scale folded in, is in the range of the precision.
    func fits(_ parameters: LinearParameters) -> Bool {
        guard precision == .float16 else { return true }
        let (inputs, scale) = (parameters.inputWidth, parameters.layerScale)
        return parameters.weight.values.withUnsafeBufferPointer { values in
            values.indices.allSatisfy { abs(values[$0] * (scale?[$0 / inputs] ?? 1)) < 65520 }
        }
    }
}

extension Precision {
    /// A number of 16 bits, rounded to nearest, ties to even; NaN stays NaN.
    func operandBits(_ value: Float) -> UInt16 {
        self == .float16 ? Float16(value).bitPattern : value.bfloat16Bits
    }
}
