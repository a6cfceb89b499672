// pooling — a range of tokens becomes one row: mean, largest value, or half the sum of both.

extension ReferenceBackend {
    /// Pools a range of the tokens of `[B, T, D]` to `[B, D]`.
    public func pool(_ tokens: HostTensor, _ pooling: Pooling, over range: Range<Int>) -> HostTensor {
        let shape = tokens.shape.rank == 2 ? [tokens.shape[0], 1, tokens.shape[1]] : tokens.shape
        precondition(shape.rank == 3 && !range.isEmpty && range.upperBound <= shape[1], "pooling \(range) of \(shape)")
        let (count, width) = (shape[1], shape[2])
        return HostTensor([shape[0], width]) { y in
            parallel(shape[0]) { image in
                for d in 0..<width {
                    var (sum, largest) = (0.0, -Double.infinity)
                    for t in range {
                        let value = Double(tokens.values[(image * count + t) * width + d])
                        sum += value
                        largest = max(largest, value)
                    }
                    let mean = sum / Double(range.count)
                    let result =
                        switch pooling {
                        case .average: mean
                        case .maximum: sum.isNaN ? .nan : largest  // max may drop NaN
                        case .averageAndMaximum: 0.5 * (mean + largest)
                        }
                    y.base[image * width + d] = Float(result)
                }
            }
        }
    }
}
