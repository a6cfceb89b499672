/// Wᵀ in blocks of columns, so that one pass over a block serves several rows while it lies in the cache.
///
/// Accumulating over the rows of the transposed weight lets the compiler use vectors without reordering any sum;
/// dot products take 2.6 times as long.
struct TransposedWeight: Sendable {
    let inputWidth: Int
    let outputWidth: Int
    /// `[block][in][columns of the block]`; the last block may be narrower.
    let values: [Float]

    static let columnsPerBlock = 32

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
        let rowsPerBlock = 8
        parallel((rows + rowsPerBlock - 1) / rowsPerBlock) { block in
            let first = block * rowsPerBlock
            let count = min(rowsPerBlock, rows - first)
            // Rows past the end stay zero, so that the inner loop has one form.
            withUnsafeTemporaryAllocation(of: Double.self, capacity: rowsPerBlock * (inputWidth + outputWidth)) {
                scratch in
                scratch.initialize(repeating: 0)
                guard let inputs = scratch.baseAddress else { return }
                let products = inputs + rowsPerBlock * inputWidth
                for row in 0..<count { fill(first + row, inputs + row * inputWidth) }
                multiply(inputs, into: products)
                for row in 0..<count { emit(first + row, products + row * outputWidth) }
            }
        }
    }

    /// Eight rows of inputs times W.
    private func multiply(_ x: UnsafeMutablePointer<Double>, into products: UnsafeMutablePointer<Double>) {
        let (k, n) = (inputWidth, outputWidth)
        values.withUnsafeBufferPointer { values in
            guard var panel = values.baseAddress else { return }
            for first in stride(from: 0, to: n, by: Self.columnsPerBlock) {
                let columns = min(Self.columnsPerBlock, n - first)
                let y = products + first
                for i in 0..<k {
                    let (x0, x1, x2, x3) = (x[i], x[k + i], x[2 * k + i], x[3 * k + i])
                    let (x4, x5, x6, x7) = (x[4 * k + i], x[5 * k + i], x[6 * k + i], x[7 * k + i])
                    for column in 0..<columns {
                        let w = Double(panel[column])
                        y[column] += x0 * w
                        y[n + column] += x1 * w
                        y[2 * n + column] += x2 * w
                        y[3 * n + column] += x3 * w
                        y[4 * n + column] += x4 * w
                        y[5 * n + column] += x5 * w
                        y[6 * n + column] += x6 * w
                        y[7 * n + column] += x7 * w
                    }
                    panel += columns
                }
            }
        }
    }
}
