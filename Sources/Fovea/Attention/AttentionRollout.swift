import Operations

/// Attention followed through all blocks: each passes on half by its residual and half by its weights, heads averaged.
///
/// Abnar and Zuidema, "Quantifying Attention Flow in Transformers", arXiv:2005.00928: the product of (A + I)/2 from the
/// last block to the first.
struct AttentionRollout {
    /// `[L, T, T]`, from the first block to the last.
    private let weights: [Float]
    private let tokens: Int

    /// Takes the mean maps of all blocks, of one picture.
    init(_ weights: HostTensor, tokens: Int) {
        precondition(weights.values.count % (tokens * tokens) == 0, "\(weights.shape) are no maps of \(tokens) tokens")
        (self.weights, self.tokens) = (weights.values, tokens)
    }

    /// How much each token of the input contributes to a mixture of the tokens of the output.
    func row(_ start: [Double]) -> [Double] {
        var row = start
        for layer in (0..<weights.count / (tokens * tokens)).reversed() {
            var next = row.map { $0 / 2 }
            for (query, share) in row.enumerated() where share != 0 {
                let first = (layer * tokens + query) * tokens
                for key in 0..<tokens { next[key] += share / 2 * Double(weights[first + key]) }
            }
            row = next
        }
        return row
    }
}
