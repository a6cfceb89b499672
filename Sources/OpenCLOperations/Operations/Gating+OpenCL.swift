package import OpenCLRuntime
package import Operations

extension OpenCLBackend {
    package func gate(_ x: DeviceTensor, _ activation: Activation) throws(OpenCLError) -> DeviceTensor {
        let x = try widened(x)
        precondition(x.shape.width % 2 == 0, "a gate and a value of the same width, found rows of \(x.shape.width)")
        let (rows, width) = (x.shape.rows, x.shape.width / 2)
        let y = try DeviceTensor(x.shape.replacingWidth(width), from: pool)
        let arguments: [Argument] = [.buffer(x.buffer), .buffer(y.buffer)]
        let problem = ["WIDTH": width, "ACTIVATION": activation.macro]
        let flop = 2 * rows * width
        switch variant(of: .gating) {
        case .portable, .simd, .tiled:
            let vector = profile.rows.vector
            try launch(
                .gating, problem.merging(["VECTOR": vector]) { problem, _ in problem }, arguments, flop: flop,
                global: [rows * ((width + vector - 1) / vector)], local: nil)
        case .plain:
            try launch(.gating, problem, arguments, flop: flop, global: [rows * width], local: nil)
        }
        return y
    }
}
