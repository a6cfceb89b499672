// layer norm — y = r + (x − mean) / √(variance + ε) ⊙ γ + β over the last axis.      Ba et al., arXiv:1607.06450

extension ReferenceBackend {
    /// Returns the parameters themselves.
    public func prepare(_ parameters: LayerNormParameters) -> LayerNormParameters { parameters }

    /// Normalizes each run of `norm.width` elements and adds the residual, that of one picture to each where it is one.
    public func layerNorm(_ x: HostTensor, _ norm: LayerNormParameters, adding residual: HostTensor?) -> HostTensor {
        let width = norm.width
        precondition(x.shape.width % width == 0, "layer norm expects rows of \(width), found \(x.shape)")
        precondition(
            residual.map { !$0.values.isEmpty && x.shape.count % $0.shape.count == 0 } ?? true,
            "residual \(residual?.shape ?? []) for \(x.shape)")
        return HostTensor(x.shape) { y in
            parallel(x.shape.count / width) { row in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { scratch in
                    guard let values = scratch.baseAddress else { return }
                    for d in 0..<width { values[d] = Double(x.values[row * width + d]) }
                    norm.normalize(values)
                    for d in 0..<width {
                        let added = residual.map { Double($0.values[(row * width + d) % $0.values.count]) } ?? 0
                        y.base[row * width + d] = Float(values[d] + added)
                    }
                }
            }
        }
    }
}

extension LayerNormParameters {
    /// Normalizes one row in place: the mean first, then the centred squares, so that a large mean does no harm.
    func normalize(_ row: UnsafeMutablePointer<Double>) {
        var sum = 0.0
        if !isRootMeanSquare { for d in 0..<width { sum += row[d] } }
        let mean = sum / Double(width)
        var squares = 0.0
        for d in 0..<width { squares += (row[d] - mean) * (row[d] - mean) }
        let factor = 1 / (squares / Double(width) + Double(epsilon)).squareRoot()
        for d in 0..<width { row[d] = (row[d] - mean) * factor * Double(scale[d]) + Double(shift[d]) }
    }
}
