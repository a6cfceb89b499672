package import OpenCLRuntime
package import Operations

/// A layer norm in device memory.
package struct OpenCLLayerNorm {
    let scale: Buffer
    let shift: Buffer
    let width: Int
    let epsilon: Float
    let isRootMeanSquare: Bool

    /// The macro that makes a layer norm an RMS norm.
    var defines: [String: Int] { isRootMeanSquare ? ["ROOT_MEAN_SQUARE": 1] : [:] }
}

extension OpenCLBackend {
    package func prepare(_ parameters: LayerNormParameters) throws(OpenCLError) -> OpenCLLayerNorm {
        OpenCLLayerNorm(
            scale: try store(parameters.scale), shift: try store(parameters.shift), width: parameters.width,
            epsilon: parameters.epsilon, isRootMeanSquare: parameters.isRootMeanSquare)
    }

    package func layerNorm(
        _ x: DeviceTensor, _ norm: OpenCLLayerNorm, adding residual: DeviceTensor?
    ) throws(OpenCLError) -> DeviceTensor {
        try layerNorm(x, norm, adding: residual, as: nil)
    }

    /// A layer norm whose result is operands for a product; nil for floats.
    func layerNorm(
        _ x: DeviceTensor, _ norm: OpenCLLayerNorm, adding residual: DeviceTensor?, as product: NarrowProduct?
    ) throws(OpenCLError) -> DeviceTensor {
        precondition(x.shape.width % norm.width == 0, "layer norm expects rows of \(norm.width), found \(x.shape)")
        precondition(
            residual.map { $0.shape.count > 0 && x.shape.count % $0.shape.count == 0 } ?? true,
            "residual \(residual?.shape ?? []) for \(x.shape)")
        if product != nil, x.shape.width != norm.width || variant(of: .layerNorm) == .plain {
            return try layerNorm(x, norm, adding: residual, as: nil)
        }
        let x = try widened(x)
        let y = try DeviceTensor(x.shape, product?.operandElement ?? .float32, from: pool)
        let arguments: [Argument] = [
            .buffer(x.buffer), .buffer(norm.scale), .buffer(norm.shift),
            .float(norm.epsilon), residual.map { .buffer($0.buffer) } ?? .unused,
            .int((residual?.shape.count ?? x.shape.count) / norm.width), .buffer(y.buffer),
        ]
        let rows = x.shape.count / norm.width
        var problem = norm.defines.merging(["WIDTH": norm.width, "RESIDUAL": residual == nil ? 0 : 1]) { $1 }
        if let product {
            problem.merge(product.operandDefines) { $1 }
            problem["NARROW_OUTPUT"] = product.operandElement.narrowOutput
        }
        let flop = 10 * x.shape.count
        switch variant(of: .layerNorm) {
        case .portable, .simd, .tiled:
            let tuning = profile.rows
            let defines = tuning.defines.merging(problem) { _, problem in problem }
            try launch(.layerNorm, defines, arguments, flop: flop, global: [rows * tuning.group], local: [tuning.group])
        case .plain:
            try launch(.layerNorm, problem, arguments, flop: flop, global: [rows], local: nil)
        }
        return y
    }
}
