package import OpenCLRuntime
package import Operations

extension OpenCLBackend {
    package func pool(
        _ tokens: DeviceTensor, _ pooling: Pooling, over range: Range<Int>
    ) throws(OpenCLError) -> DeviceTensor {
        let tokens = try widened(tokens)
        let shape = tokens.shape.rank == 2 ? [tokens.shape[0], 1, tokens.shape[1]] : tokens.shape
        precondition(shape.rank == 3 && !range.isEmpty && range.upperBound <= shape[1], "pooling \(range) of \(shape)")
        let y = try DeviceTensor([shape[0], shape[2]], from: pool)
        let arguments: [Argument] = [
            .buffer(tokens.buffer), .buffer(y.buffer), .int(shape[1]), .int(range.lowerBound), .int(range.upperBound),
        ]
        let problem = ["WIDTH": shape[2], "POOLING": pooling.macro]
        let flop = shape[0] * range.count * shape[2]
        let bytes = 4 * shape[0] * (range.count + 1) * shape[2]
        switch variant(of: .pooling) {
        case .portable, .simd, .tiled:
            let vector = profile.rows.vector
            try launch(
                .pooling, problem.merging(["VECTOR": vector]) { problem, _ in problem }, arguments, flop: flop,
                bytes: bytes, global: [(shape[2] + vector - 1) / vector, shape[0]], local: nil)
        case .plain:
            try launch(
                .pooling, problem, arguments, flop: flop, bytes: bytes, global: [shape[2], shape[0]], local: nil)
        }
        return y
    }
}

extension Pooling {
    /// The value of the macro POOLING in `pooling.cl`.
    fileprivate var macro: Int {
        switch self {
        case .average: 0
        case .maximum: 1
        case .averageAndMaximum: 2
        }
    }
}
