// attentionMap — softmax(scale · Q · Kᵀ + bias), by head or averaged over heads.      Vaswani et al., arXiv:1706.03762

extension ReferenceBackend {
    /// The weights of attention over `[B, T, 3·H·C]`, row by row.
    public func attentionMap(
        _ queryKeyValue: HostTensor, heads: Int, scale: Float, bias: AttentionBiasParameters?, queries: Int?,
        of chosen: Range<Int>, averaged: Bool
    ) -> HostTensor {
        let sizes = AttentionMapSizes(queryKeyValue.shape, heads: heads, queries: queries, of: chosen, averaged)
        let (tokens, answered, width) = (sizes.tokens, sizes.queries, heads * sizes.headWidth)
        precondition(
            bias.map { $0.heads == heads && $0.tokenCount == tokens } ?? true, "bias does not fit \(heads) heads")
        return HostTensor(sizes.result) { y in
            parallel(sizes.batch * sizes.mapCount * answered) { row in
                let (map, query) = (row / answered, row % answered)
                let (image, first) = (map / sizes.mapCount, map % sizes.mapCount * sizes.headsPerMap)
                queryKeyValue.values.withUnsafeBufferPointer { values in
                    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * tokens) { scratch in
                        guard let base = values.baseAddress, let scores = scratch.baseAddress else { return }
                        let sum = scores + tokens
                        for t in 0..<tokens { sum[t] = 0 }
                        for head in chosen.lowerBound + first..<chosen.lowerBound + first + sizes.headsPerMap {
                            let q = base + (image * tokens + query) * 3 * width + head * sizes.headWidth
                            let keys = base + image * tokens * 3 * width + width + head * sizes.headWidth
                            for t in 0..<tokens {
                                let k = keys + t * 3 * width
                                var score = 0.0
                                for c in 0..<sizes.headWidth { score += Double(q[c]) * Double(k[c]) }
                                let added = bias?.values.values[(head * tokens + query) * tokens + t] ?? 0
                                scores[t] = Double(scale) * score + Double(added)
                            }
                            softmaxInPlace(scores, count: tokens)
                            for t in 0..<tokens { sum[t] += scores[t] }
                        }
                        for t in 0..<tokens { y.base[row * tokens + t] = Float(sum[t] / Double(sizes.headsPerMap)) }
                    }
                }
            }
        }
    }
}
