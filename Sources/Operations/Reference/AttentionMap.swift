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
                let (image, map, query) = (
                    row / (sizes.mapCount * answered), row / answered % sizes.mapCount, row % answered
                )
                withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * tokens) { scratch in
                    guard let scores = scratch.baseAddress else { return }
                    let sum = scores + tokens
                    for t in 0..<tokens { sum[t] = 0 }
                    for h in 0..<sizes.headsPerMap {
                        let head = chosen.lowerBound + map * sizes.headsPerMap + h
                        let base = image * tokens * 3 * width + head * sizes.headWidth
                        let (q, keys) = (base + query * 3 * width, base + width)
                        for t in 0..<tokens {
                            var score = 0.0
                            for c in 0..<sizes.headWidth {
                                score +=
                                    Double(queryKeyValue.values[q + c])
                                    * Double(queryKeyValue.values[keys + t * 3 * width + c])
                            }
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
