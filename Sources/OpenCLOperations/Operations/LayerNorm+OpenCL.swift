package import OpenCLRuntime
package import Operations

/// A layer norm in device memory.
package struct OpenCLLayerNorm {
    let scale: Buffer
    let shift: Buffer
    let width: Int
    let epsilon: Float
}

extension OpenCLBackend {
    package func prepare(_ parameters: LayerNormParameters) throws(OpenCLError) -> OpenCLLayerNorm {
        OpenCLLayerNorm(
            scale: try store(parameters.scale), shift: try store(parameters.shift), width: parameters.width,
            epsilon: parameters.epsilon)
    }

    package func layerNorm(_ x: DeviceTensor, _ norm: OpenCLLayerNorm) throws(OpenCLError) -> DeviceTensor {
        precondition(x.shape.width == norm.width, "layer norm expects rows of \(norm.width), found \(x.shape)")
        let y = try DeviceTensor(x.shape, from: pool)
        let arguments: [Argument] = [
            .buffer(x.buffer), .buffer(norm.scale), .buffer(norm.shift), .float(norm.epsilon), .buffer(y.buffer),
        ]
        let rows = x.shape.rows
        let flop = 10 * x.shape.count
        switch variant(of: .layerNorm) {
        case .portable, .simd, .tiled:
            let tuning = profile.rows
            let defines = tuning.defines.merging(["WIDTH": norm.width]) { _, problem in problem }
            try launch(.layerNorm, defines, arguments, flop: flop, global: [rows * tuning.group], local: [tuning.group])
        case .plain:
            try launch(.layerNorm, ["WIDTH": norm.width], arguments, flop: flop, global: [rows], local: nil)
        }
        return y
    }
}
