// softmax — exp(x − max) / Σ exp(x − max) over the last axis.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension ReferenceBackend {
    /// Turns each row into probabilities.
    public func softmax(_ x: HostTensor) -> HostTensor {
        let width = x.shape.width
        return HostTensor(x.shape) { y in
            parallel(x.shape.rows) { row in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { scratch in
                    guard let values = scratch.baseAddress else { return }
                    for i in 0..<width { values[i] = Double(x.values[row * width + i]) }
                    softmaxInPlace(values, count: width)
                    for i in 0..<width { y.base[row * width + i] = Float(values[i]) }
                }
            }
        }
    }

    /// Softmax of one row; the largest value is subtracted first, so that nothing overflows.
    func softmaxInPlace(_ values: UnsafeMutablePointer<Double>, count: Int) {
        var largest = -Double.infinity
        for i in 0..<count { largest = max(largest, values[i]) }
        var sum = 0.0
        for i in 0..<count {
            values[i] = exp(values[i] - largest)
            sum += values[i]
        }
        for i in 0..<count { values[i] /= sum }
    }
}
