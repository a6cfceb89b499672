/// What a backend must know to make maps of attention.
package struct AttentionMapSizes {
    /// Pictures, B.
    package let batch: Int
    /// Tokens, T.
    package let tokens: Int
    /// Queries that are answered, Q.
    package let queries: Int
    /// Width of a head, C.
    package let headWidth: Int
    /// Maps of a picture, R.
    package let mapCount: Int
    /// Heads that become one map.
    package let headsPerMap: Int

    /// Traps where shape, heads or queries do not go together: a mistake of model code.
    package init(_ shape: Shape, heads: Int, queries: Int?, of chosen: Range<Int>, _ averaged: Bool) {
        precondition(
            shape.rank == 3 && shape[2] % (3 * heads) == 0, "attention expects [B, T, 3·\(heads)·C], found \(shape)")
        (batch, tokens, headWidth) = (shape[0], shape[1], shape[2] / (3 * heads))
        self.queries = queries ?? tokens
        precondition(1...max(tokens, 1) ~= self.queries, "\(self.queries) queries of \(tokens) tokens")
        precondition(!chosen.isEmpty && 0...heads ~= chosen.upperBound, "maps of \(chosen) of \(heads) heads")
        (mapCount, headsPerMap) = averaged ? (1, chosen.count) : (chosen.count, 1)
    }

    /// The shape of the maps, `[B, R, Q, T]`.
    package var result: Shape { [batch, mapCount, queries, tokens] }
}
