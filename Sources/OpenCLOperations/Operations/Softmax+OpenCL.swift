package import OpenCLRuntime
import Operations

extension OpenCLBackend {
    package func softmax(_ x: DeviceTensor) throws(OpenCLError) -> DeviceTensor {
        let x = try widened(x)
        let y = try DeviceTensor(x.shape, from: pool)
        let arguments: [Argument] = [.buffer(x.buffer), .buffer(y.buffer)]
        let problem = ["WIDTH": x.shape.width]
        let flop = 4 * x.shape.count
        switch variant(of: .softmax) {
        case .portable, .simd, .tiled:
            let tuning = profile.rows
            try launch(
                .softmax, tuning.defines.merging(problem) { _, problem in problem }, arguments,
                flop: flop, global: [x.shape.rows * tuning.group], local: [tuning.group])
        case .plain:
            try launch(.softmax, problem, arguments, flop: flop, global: [x.shape.rows], local: nil)
        }
        return y
    }
}
