/// Wᵀ in blocks of columns, and products with it eight rows at a time.
///
/// Accumulating over the rows of the transposed weight keeps every sum in order; the lanes of a vector are rows of the
/// result, so that no sum is split. Dot products take 2.6 times as long.
struct TransposedWeight: Sendable {
    let inputWidth: Int
    let outputWidth: Int
    /// `[block][in][columns of the block]`; the last block may be narrower.
    let values: [Float]

    /// Sums that stay in the first-level cache while a block of weights passes.
    static let columnsPerBlock = 64
    private static let rowsPerBlock = 8

    /// Transposes `[out, in]`.
    init(_ weight: HostTensor) {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        (inputWidth, outputWidth) = (inputs, outputs)
        let blocks = (outputs + Self.columnsPerBlock - 1) / Self.columnsPerBlock
        values =
            HostTensor([outputs, inputs]) { target in
                weight.values.withUnsafeBufferPointer { source in
                    nonisolated(unsafe) let source = source  // read only
                    parallel(blocks) { block in
                        let first = block * Self.columnsPerBlock
                        let columns = min(Self.columnsPerBlock, outputs - first)
                        let panel = target.base + first * inputs
                        for column in 0..<columns {
                            for k in 0..<inputs { panel[k * columns + column] = source[(first + column) * inputs + k] }
                        }
                    }
                }
            }.values
    }

    /// For each row: `fill` writes `inputWidth` inputs, `emit` receives their `outputWidth` products with W.
    func forEachProduct(
        rows: Int,
        fill: @Sendable (_ row: Int, _ input: UnsafeMutablePointer<Double>) -> Void,
        emit: @Sendable (_ row: Int, _ product: UnsafePointer<Double>) -> Void
    ) {
        parallel((rows + Self.rowsPerBlock - 1) / Self.rowsPerBlock) { block in
            let first = block * Self.rowsPerBlock
            let count = min(Self.rowsPerBlock, rows - first)
            withUnsafeTemporaryAllocation(of: Double.self, capacity: max(inputWidth, outputWidth)) { scratch in
                withUnsafeTemporaryAllocation(of: SIMD8<Double>.self, capacity: inputWidth + outputWidth) { lanes in
                    guard let row = scratch.baseAddress, let inputs = lanes.baseAddress else { return }
                    lanes.initialize(repeating: .zero)
                    let products = inputs + inputWidth
                    for lane in 0..<count {
                        fill(first + lane, row)
                        for k in 0..<inputWidth { inputs[k][lane] = row[k] }
                    }
                    multiply(inputs, into: products)
                    for lane in 0..<count {
                        for column in 0..<outputWidth { row[column] = products[column][lane] }
                        emit(first + lane, row)
                    }
                }
            }
        }
    }

    /// Eight rows of inputs times W, a row a lane.
    private func multiply(_ x: UnsafePointer<SIMD8<Double>>, into products: UnsafeMutablePointer<SIMD8<Double>>) {
        values.withUnsafeBufferPointer { values in
            guard var panel = values.baseAddress else { return }
            for first in stride(from: 0, to: outputWidth, by: Self.columnsPerBlock) {
                let columns = min(Self.columnsPerBlock, outputWidth - first)
                let y = products + first
                for i in 0..<inputWidth {
                    let input = x[i]
                    for column in 0..<columns { y[column] += input * Double(panel[column]) }
                    panel += columns
                }
            }
        }
    }
}
