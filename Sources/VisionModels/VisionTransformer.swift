package import Operations

/// A plain Vision Transformer: patches, blocks of attention and MLP before a residual each, a norm, a head.
///
/// Dosovitskiy et al., arXiv:2010.11929; distillation token: Touvron et al., arXiv:2012.12877; layer scale:
/// arXiv:2103.17239; parallel parts: arXiv:2203.09795, arXiv:2302.05442; registers: Darcet et al., arXiv:2309.16588.
/// Generic in the backend: it cannot name a device.
package struct VisionTransformer<B: Backend> {
    /// Sizes and choices.
    package let configuration: VisionTransformerConfiguration
    let inputEmbedding: Embedding
    let blocks: [Block]
    let norm: B.LayerNorm?
    /// What pools the tokens by attention; nil for other readouts.
    let attentionPool: AttentionPool?
    /// Put the parts of a readout side by side; empty for readouts of one part.
    let concatenation: [B.Linear]
    /// What follows the readout of a model that compares pictures with texts; nil for none.
    let projection: B.Linear?
    /// One head; two for a distilled model; none for a model that ends with its embedding.
    let heads: [B.Linear]

    /// Patches to tokens.
    struct Embedding {
        let patches: B.PatchEmbedding
        /// A norm of the patches, and the positions that are added to them then.
        let patchNorm: (norm: B.LayerNorm, positions: B.Tensor?)?
        let preNorm: B.LayerNorm?
    }

    /// The parameters of one block: what stands side by side reads the same tokens.
    struct Block {
        let attentions: [Attention]
        let mlps: [MLP]
        let isParallel: Bool
    }

    /// Class scores `[B, classes]`; traps for a model without a head.
    package func logits(of pixels: Pixels<B.Tensor>, on b: B) throws(B.Failure) -> B.Tensor {
        try logits(ofLayer: readLayer(of: pixels, on: b), on: b)
    }

    /// What the classifier sees, `[B, D]`, or what the projection makes of it, `[B, E]`.
    package func embedding(of pixels: Pixels<B.Tensor>, on b: B) throws(B.Failure) -> B.Tensor {
        let pooled = try pooled(of: pixels, on: b)
        return if let projection { try b.linear(pooled, projection) } else { pooled }
    }

    /// The readout before any projection, `[B, D]`.
    package func pooled(of pixels: Pixels<B.Tensor>, on b: B) throws(B.Failure) -> B.Tensor {
        try pooled(ofLayer: readLayer(of: pixels, on: b), on: b)
    }

    /// The library's last hidden state, `[B, T, D]`: after the final norm, unless that follows the pooling.
    package func tokens(of pixels: Pixels<B.Tensor>, on b: B) throws(B.Failure) -> B.Tensor {
        try normalized(layers(of: pixels, on: b), on: b)
    }

    /// The residual stream `[B, T, D]` after the last block; `observe` sees it after every block, and before the first
    /// as layer 0.
    package func layers(
        of pixels: Pixels<B.Tensor>, on b: B, observe: (Int, B.Tensor) throws(B.Failure) -> Void = { _, _ in }
    ) throws(B.Failure) -> B.Tensor {
        var x = try inputEmbedding(pixels, on: b)  // [B, T, D], T = prefix + N
        try observe(0, x)
        for (index, block) in blocks.enumerated() {
            x = try block(x, on: b)
            try observe(index + 1, x)
        }
        return x
    }
}

extension VisionTransformer.Embedding {
    func callAsFunction(_ pixels: Pixels<B.Tensor>, on b: B) throws(B.Failure) -> B.Tensor {
        var x = try b.embed(pixels, patches)
        if let (norm, positions) = patchNorm { x = try b.layerNorm(x, norm, adding: positions) }
        if let preNorm { x = try b.layerNorm(x, preNorm) }
        return x
    }
}

extension VisionTransformer.Block {
    /// The residual stream after the block.
    ///
    /// - Parameter onlyClassToken: Computes the first token alone, `[B, 1, D]`, with the same bits: all that a classifier
    ///   of the class token reads of the last block.
    func callAsFunction(_ x: B.Tensor, onlyClassToken: Bool = false, on b: B) throws(B.Failure) -> B.Tensor {
        let own = onlyClassToken ? try b.pool(x, .average, over: 0..<1) : x
        var y = own
        for attention in attentions {
            y = try attention(x, adding: y, queries: onlyClassToken ? 1 : nil, on: b)
        }
        let read = isParallel ? own : y
        for mlp in mlps { y = try mlp(read, adding: y, on: b) }
        return y
    }
}

extension VisionTransformer {
    /// The residual stream after the last block, as far as the readout reads it: `[B, T, D]`, or its class token.
    private func readLayer(of pixels: Pixels<B.Tensor>, on b: B) throws(B.Failure) -> B.Tensor {
        guard configuration.readsOnlyClassToken, let last = blocks.last else { return try layers(of: pixels, on: b) }
        var x = try inputEmbedding(pixels, on: b)
        for block in blocks.dropLast() { x = try block(x, on: b) }
        return try last(x, onlyClassToken: true, on: b)
    }

    func normalized(_ x: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
        guard let norm, configuration.normPlacement == .beforePooling else { return x }
        return try b.layerNorm(x, norm)
    }

    private func logits(ofLayer x: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
        precondition(!heads.isEmpty, "the model has no head")
        guard configuration.readout == .distilled else { return try b.linear(pooled(ofLayer: x, on: b), heads[0]) }
        let fromClass = try b.linear(normalizedToken(0, of: x, on: b), heads[0])
        return try b.linear(normalizedToken(1, of: x, on: b), heads[1], adding: fromClass)
    }

    private func pooled(ofLayer x: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
        let row: B.Tensor
        switch configuration.readout {
        case .classToken: row = try normalizedToken(0, of: x, on: b)
        case .classTokenAndMean, .tokens: row = try sideBySide(normalized(x, on: b), on: b)
        case .distilled: row = try b.pool(normalized(x, on: b), .average, over: 0..<2)
        case .meanOfFirst(let count): row = try b.pool(normalized(x, on: b), .average, over: 0..<count)
        case .pooled(let pooling, let skipped):
            row = try b.pool(normalized(x, on: b), pooling, over: skipped..<configuration.tokenCount)
        case .attentionPooled:
            guard let attentionPool else { preconditionFailure("a readout by attention without its parameters") }
            row = try attentionPool(normalized(x, on: b), on: b)
        }
        guard let norm, configuration.normPlacement == .afterPooling else { return row }
        return try b.layerNorm(row, norm)
    }

    /// The parts of the readout one after another, `[B, parts · D]`.
    private func sideBySide(_ tokens: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
        var row: B.Tensor?
        for (range, place) in zip(configuration.readoutParts ?? [], concatenation) {
            let part = try b.pool(tokens, .average, over: range)
            row = try b.linear(part, place, after: nil, then: .identity, adding: row)
        }
        guard let row else { preconditionFailure("a readout of no parts") }
        return row
    }

    /// One token of each picture, normalized: a norm of one row each, in place of all of them.
    private func normalizedToken(_ index: Int, of x: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
        try normalized(b.pool(x, .average, over: index..<index + 1), on: b)
    }
}

extension VisionTransformerConfiguration {
    /// Whether the classifier reads nothing of the last block but its class token.
    var readsOnlyClassToken: Bool { readout == .classToken && depth > 0 }

    /// The tokens whose means stand side by side in the readout; nil for a readout of one part.
    var readoutParts: [Range<Int>]? {
        switch readout {
        case .classTokenAndMean(let skipped): [0..<1, skipped..<tokenCount]
        case .tokens(let indices): indices.map { $0..<$0 + 1 }
        case .classToken, .pooled, .distilled, .meanOfFirst, .attentionPooled: nil
        }
    }
}
