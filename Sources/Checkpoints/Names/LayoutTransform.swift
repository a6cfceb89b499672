import Operations

/// How a stored tensor's elements are put into the order that PyTorch gives them.
enum LayoutTransform: Hashable, Sendable {
    /// They are in that order; only the shape may differ.
    case asStored
    /// A kernel `[inputs…, outputs…]` of a dense layer, of which the first axes are the inputs: `[outputs, inputs]`.
    case transposed(inputAxes: Int)
    /// A kernel `[height, width, inputs, outputs]` of a convolution: `[outputs, inputs, height, width]`.
    case convolution
    /// All axes as one.
    case flattened

    /// The shape of the result; nil where the stored shape does not have the axes that the transform speaks of.
    func shape(of stored: Shape) -> Shape? {
        switch self {
        case .asStored: return stored
        case .flattened: return [stored.count]
        case .transposed(let inputAxes):
            guard stored.rank > inputAxes else { return nil }
            let (inputs, outputs) = Self.split(stored, inputAxes)
            return [outputs, inputs]
        case .convolution:
            guard stored.rank == 4 else { return nil }
            return [stored[3], stored[2], stored[0], stored[1]]
        }
    }

    /// The elements of a tensor of the stored shape in their new order.
    func apply(to tensor: HostTensor) -> [Float] {
        let stored = tensor.shape
        switch self {
        case .asStored, .flattened: return tensor.values
        case .transposed(let inputAxes):
            let (inputs, outputs) = Self.split(stored, inputAxes)
            return Self.transposed(tensor.values, rows: inputs, columns: outputs)
        case .convolution:
            // [height·width, inputs, outputs] → [outputs, inputs, height·width]
            let (area, inputs, outputs) = (stored[0] * stored[1], stored[2], stored[3])
            var result = [Float](repeating: 0, count: tensor.values.count)
            for place in 0..<area {
                for input in 0..<inputs {
                    let start = (place * inputs + input) * outputs
                    for output in 0..<outputs {
                        result[(output * inputs + input) * area + place] = tensor.values[start + output]
                    }
                }
            }
            return result
        }
    }

    private static func split(_ shape: Shape, _ inputAxes: Int) -> (inputs: Int, outputs: Int) {
        (shape.dimensions.prefix(inputAxes).reduce(1, *), shape.dimensions.dropFirst(inputAxes).reduce(1, *))
    }

    /// `[rows, columns]` → `[columns, rows]`, tile by tile, so that both sides stay in the cache.
    private static func transposed(_ values: [Float], rows: Int, columns: Int) -> [Float] {
        let tile = 32
        return [Float](unsafeUninitializedCapacity: values.count) { result, count in
            for row in stride(from: 0, to: rows, by: tile) {
                for column in stride(from: 0, to: columns, by: tile) {
                    for i in row..<min(row + tile, rows) {
                        for j in column..<min(column + tile, columns) {
                            result.initializeElement(at: j * rows + i, to: values[i * columns + j])
                        }
                    }
                }
            }
            count = values.count
        }
    }
}
