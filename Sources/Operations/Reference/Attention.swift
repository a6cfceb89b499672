// attention — softmax(scale · Q · Kᵀ + bias) · V for each head.                Vaswani et al., arXiv:1706.03762

extension ReferenceBackend {
    /// Returns the parameters themselves.
    public func prepare(_ parameters: AttentionBiasParameters) -> AttentionBiasParameters { parameters }

    /// Attends over `[B, T, 3·H·C]`, row by row of the score matrix.
    public func attention(
        _ queryKeyValue: HostTensor, heads: Int, scale: Float, bias: AttentionBiasParameters?, queries: Int?
    ) -> HostTensor {
        let shape = queryKeyValue.shape
        precondition(
            shape.rank == 3 && shape[2] % (3 * heads) == 0, "attention expects [B, T, 3·\(heads)·C], found \(shape)")
        let (batch, tokens, stride) = (shape[0], shape[1], shape[2])
        let width = stride / 3
        let headWidth = width / heads
        let answered = queries ?? tokens
        precondition(1...max(tokens, 1) ~= answered, "\(answered) queries of \(tokens) tokens")
        precondition(
            bias.map { $0.heads == heads && $0.tokenCount == tokens } ?? true, "bias does not fit \(heads) heads")
        return HostTensor([batch, answered, width]) { y in
            parallel(batch * heads) { index in
                let (image, head) = (index / heads, index % heads)
                queryKeyValue.values.withUnsafeBufferPointer { values in
                    guard let base = values.baseAddress else { return }
                    let first = base + image * tokens * stride + head * headWidth
                    let view = HeadView(
                        query: first, key: first + width, value: first + 2 * width, stride: stride,
                        output: y.base + image * answered * width + head * headWidth, outputStride: width,
                        tokens: tokens, width: headWidth)
                    attend(view, queries: answered, scale: Double(scale)) { query, key in
                        Double(bias?.values.values[(head * tokens + query) * tokens + key] ?? 0)
                    }
                }
            }
        }
    }

    /// One head of one picture; `bias` is that of a query and a key.
    private func attend(_ head: HeadView, queries: Int, scale: Double, bias: (Int, Int) -> Double) {
        let (stride, tokens, width) = (head.stride, head.tokens, head.width)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: tokens + width) { scratch in
            guard let scores = scratch.baseAddress else { return }
            let sum = scores + tokens
            for row in 0..<queries {
                let q = head.query + row * stride
                for t in 0..<tokens {
                    let k = head.key + t * stride
                    var score = 0.0
                    for c in 0..<width { score += Double(q[c]) * Double(k[c]) }
                    scores[t] = scale * score + bias(row, t)
                }
                softmaxInPlace(scores, count: tokens)
                for c in 0..<width { sum[c] = 0 }
                for t in 0..<tokens {
                    let (weight, v) = (scores[t], head.value + t * stride)
                    for c in 0..<width { sum[c] += weight * Double(v[c]) }
                }
                let output = head.output + row * head.outputStride
                for c in 0..<width { output[c] = Float(sum[c]) }
            }
        }
    }
}

/// Where one head of one picture reads and writes.
private struct HeadView {
    /// Its channels in the first row of query, key and value, `[T, C]` with rows `stride` apart.
    let query: UnsafePointer<Float>
    let key: UnsafePointer<Float>
    let value: UnsafePointer<Float>
    let stride: Int
    /// Its channels in the first row of the result, with rows `outputStride` apart.
    let output: UnsafeMutablePointer<Float>
    let outputStride: Int
    /// T.
    let tokens: Int
    /// C.
    let width: Int
}
