package import Operations

/// Which maps of attention are wanted.
package struct AttentionChoice: Sendable, Hashable {
    /// Which heads.
    package enum Heads: Sendable, Hashable {
        /// Every head, a map each.
        case all
        /// The mean of all heads, one map.
        case mean
        /// Some heads, a map each, in the order given.
        case some([Int])
    }

    /// Which blocks.
    package enum Layers: Sendable, Hashable {
        /// Blocks 1 to depth, in the order given.
        case blocks([Int])
        /// The attention that pools the tokens, whose one query is learned (SigLIP).
        case pool
    }

    /// Which blocks.
    package var layers: Layers
    /// Which heads of each.
    package var heads: Heads
    /// The first tokens whose queries are answered; nil for all.
    package var queries: Int?

    /// Chooses layers, heads and queries.
    package init(_ layers: Layers, heads: Heads = .all, queries: Int? = nil) {
        (self.layers, self.heads, self.queries) = (layers, heads, queries)
    }
}

extension VisionTransformer {
    /// How many heads the blocks have maps of; nil where attention is differential and no map is its weights.
    ///
    /// Where attentions stand side by side in a block, the heads of the second follow those of the first.
    package var blockMapCount: Int? {
        let attentions = blocks.first?.attentions ?? []
        return attentions.contains { $0.difference != nil } ? nil : attentions.reduce(0) { $0 + $1.heads }
    }

    /// How many heads the attention that pools the tokens has; nil for other readouts.
    package var poolMapCount: Int? { attentionPool?.heads }

    /// Weights of attention: for each layer asked for its parts, `[B, R, Q, T]` each, whose maps follow one another.
    ///
    /// No other map is stored, and nothing after the last layer asked for is computed. The means of attentions that stand
    /// side by side in a block are parts too: their mean is the caller's.
    package func attentionMaps(
        of pixels: Pixels<B.Tensor>, _ choice: AttentionChoice, on b: B
    ) throws(B.Failure) -> [[B.Tensor]] {
        guard case .blocks(let wanted) = choice.layers else {
            guard let attentionPool else { preconditionFailure("a map of a pooling that is none") }
            return [try attentionPool.maps(normalized(layers(of: pixels, on: b), on: b), choice, on: b)]
        }
        var found: [Int: [B.Tensor]] = [:]
        var x = try inputEmbedding(pixels, on: b)
        let last = wanted.max() ?? 0
        for index in 1..<last + 1 {
            if wanted.contains(index) { found[index] = try blocks[index - 1].maps(x, choice, on: b) }
            if index < last { x = try blocks[index - 1](x, on: b) }
        }
        return wanted.compactMap { found[$0] }
    }
}

extension VisionTransformer.Block {
    fileprivate func maps(_ x: B.Tensor, _ choice: AttentionChoice, on b: B) throws(B.Failure) -> [B.Tensor] {
        var maps: [B.Tensor] = []
        var first = 0
        let parts = try attentions.map { attention throws(B.Failure) in (attention, try attention.projected(x, on: b)) }
        for run in choice.heads.runs(of: attentions.reduce(0) { $0 + $1.heads }) {
            first = 0
            for (attention, queryKeyValue) in parts {
                let own = run.clamped(to: first..<first + attention.heads)
                if !own.isEmpty {
                    maps.append(
                        try b.attentionMap(
                            queryKeyValue, heads: attention.heads, scale: attention.scale, bias: attention.bias,
                            queries: choice.queries, of: own.lowerBound - first..<own.upperBound - first,
                            averaged: choice.heads == .mean))
                }
                first += attention.heads
            }
        }
        return maps
    }
}

extension VisionTransformer.AttentionPool {
    fileprivate func maps(_ tokens: B.Tensor, _ choice: AttentionChoice, on b: B) throws(B.Failure) -> [B.Tensor] {
        let qkv = try b.linear(tokens, queryKeyValue)
        return try choice.heads.runs(of: heads).map { run throws(B.Failure) in
            try b.attentionMap(
                qkv, heads: heads, scale: scale, bias: bias, queries: 1, of: run, averaged: choice.heads == .mean)
        }
    }
}

extension AttentionChoice.Heads {
    /// The heads as ranges, those that follow one another in one.
    func runs(of count: Int) -> [Range<Int>] {
        guard case .some(let heads) = self else { return [0..<count] }
        return heads.reduce(into: []) { runs, head in
            if let last = runs.last, last.upperBound == head {
                runs[runs.count - 1] = last.lowerBound..<head + 1
            } else {
                runs.append(head..<head + 1)
            }
        }
    }
}
