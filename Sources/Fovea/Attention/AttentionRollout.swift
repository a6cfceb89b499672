import Operations

/// Attention followed through all blocks: each passes on half by its residual and half by its weights, heads averaged.
///
/// Abnar and Zuidema, "Quantifying Attention Flow in Transformers", arXiv:2005.00928: the product of (A + I)/2 from the
/// last block to the first, of which only the rows that are asked about are made.
struct AttentionRollout {
    /// How much each token in front of the blocks followed so far contributes to what is asked about.
    private(set) var row: [Double]

    /// Begins behind the last block, with a mixture of its tokens.
    init(_ row: [Double]) { self.row = row }

    /// Goes on through some blocks by their mean maps, in the order of the model; the last of them comes first.
    mutating func follow(_ maps: HostTensor) {
        let tokens = row.count
        precondition(maps.values.count % (tokens * tokens) == 0, "\(maps.shape) are no maps of \(tokens) tokens")
        maps.values.withUnsafeBufferPointer { weights in
            for block in (0..<weights.count / (tokens * tokens)).reversed() {
                var next = row.map { $0 / 2 }
                for (query, share) in row.enumerated() where share != 0 {
                    let first = (block * tokens + query) * tokens
                    for key in 0..<tokens { next[key] += share / 2 * Double(weights[first + key]) }
                }
                row = next
            }
        }
    }
}
