// attention — softmax(scale · Q · Kᵀ) · V for each head.                       Vaswani et al., arXiv:1706.03762

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension ReferenceBackend {
    /// Attends over `[B, T, 3·H·C]`, row by row of the score matrix.
    public func attention(_ queryKeyValue: HostTensor, heads: Int, scale: Float) -> HostTensor {
        let shape = queryKeyValue.shape
        precondition(
            shape.rank == 3 && shape[2] % (3 * heads) == 0, "attention expects [B, T, 3·\(heads)·C], found \(shape)")
        let (batch, tokens, stride) = (shape[0], shape[1], shape[2])
        let width = stride / 3
        let headWidth = width / heads
        return HostTensor([batch, tokens, width]) { y in
            parallel(batch * heads) { index in
                let (image, head) = (index / heads, index % heads)
                queryKeyValue.values.withUnsafeBufferPointer { values in
                    guard let base = values.baseAddress else { return }
                    let first = base + image * tokens * stride + head * headWidth
                    attend(
                        query: first, key: first + width, value: first + 2 * width, stride: stride, tokens: tokens,
                        headWidth: headWidth, scale: Double(scale),
                        output: y.base + image * tokens * width + head * headWidth, outputStride: width)
                }
            }
        }
    }

    /// One head of one picture; rows of query, key and value lie `stride` apart.
    private func attend(
        query: UnsafePointer<Float>, key: UnsafePointer<Float>, value: UnsafePointer<Float>, stride: Int, tokens: Int,
        headWidth: Int, scale: Double, output: UnsafeMutablePointer<Float>, outputStride: Int
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: tokens + headWidth) { scratch in
            guard let scores = scratch.baseAddress else { return }
            let sum = scores + tokens
            for row in 0..<tokens {
                let q = query + row * stride
                for t in 0..<tokens {
                    let k = key + t * stride
                    var score = 0.0
                    for c in 0..<headWidth { score += Double(q[c]) * Double(k[c]) }
                    scores[t] = scale * score
                }
                softmaxInPlace(scores, count: tokens)
                for c in 0..<headWidth { sum[c] = 0 }
                for t in 0..<tokens {
                    let (weight, v) = (scores[t], value + t * stride)
                    for c in 0..<headWidth { sum[c] += weight * Double(v[c]) }
                }
                for c in 0..<headWidth { output[row * outputStride + c] = Float(sum[c]) }
            }
        }
    }
}
