package import Operations

/// A plain Vision Transformer: patches, blocks of attention and MLP before a residual each, a norm, a head.
///
/// Dosovitskiy et al., arXiv:2010.11929; distillation token: Touvron et al., arXiv:2012.12877; layer scale:
/// arXiv:2103.17239; registers: Darcet et al., arXiv:2309.16588. Generic in the backend: it cannot name a device.
package struct VisionTransformer<B: Backend> {
    /// Sizes and choices.
    package let configuration: VisionTransformerConfiguration
    let embedding: B.PatchEmbedding
    let blocks: [Block]
    let norm: B.LayerNorm?
    /// One head; two for a distilled model, each worth half; none for a model that ends with its embedding.
    let heads: [B.Linear]

    /// The parameters of one block.
    struct Block {
        let norm1: B.LayerNorm
        let queryKeyValue: B.Linear
        let projection: B.Linear
        let norm2: B.LayerNorm
        let expand: B.Linear
        let contract: B.Linear
    }

    /// Class scores `[B, classes]`; traps for a model without a head.
    package func logits(of pixels: Pixels<B.Tensor>, on b: B) throws(B.Failure) -> B.Tensor {
        try logits(ofLayer: layers(of: pixels, on: b), on: b)
    }

    /// What the classifier sees, `[B, D]`.
    package func embedding(of pixels: Pixels<B.Tensor>, on b: B) throws(B.Failure) -> B.Tensor {
        try embedding(ofLayer: layers(of: pixels, on: b), on: b)
    }

    /// The library's last hidden state, `[B, T, D]`: after the final norm, unless that follows the pooling.
    package func tokens(of pixels: Pixels<B.Tensor>, on b: B) throws(B.Failure) -> B.Tensor {
        let x = try layers(of: pixels, on: b)
        guard let norm, configuration.normPlacement == .beforePooling else { return x }
        return try b.layerNorm(x, norm)
    }

    /// The residual stream `[B, T, D]` after the last block; `observe` sees it after every block, and before the first
    /// as layer 0.
    package func layers(
        of pixels: Pixels<B.Tensor>, on b: B, observe: (Int, B.Tensor) throws(B.Failure) -> Void = { _, _ in }
    ) throws(B.Failure) -> B.Tensor {
        var x = try b.embed(pixels, embedding)  // [B, T, D], T = prefix + N
        try observe(0, x)
        for (index, block) in blocks.enumerated() {
            let qkv = try b.linear(x, block.queryKeyValue, after: block.norm1)  // [B, T, 3·D]
            let attended = try b.attention(qkv, heads: configuration.heads, scale: configuration.attentionScale)
            x = try b.linear(attended, block.projection, adding: x)  // [B, T, D]
            let hidden = try b.linear(x, block.expand, after: block.norm2, then: configuration.activation)  // [B, T, M]
            x = try b.linear(hidden, block.contract, adding: x)  // [B, T, D]
            try observe(index + 1, x)
        }
        return x
    }
}

extension VisionTransformer {
    private func logits(ofLayer x: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
        precondition(!heads.isEmpty, "the model has no head")
        guard configuration.readout == .distilled else { return try b.linear(embedding(ofLayer: x, on: b), heads[0]) }
        let fromClass = try b.linear(normalizedToken(0, of: x, on: b), heads[0])
        return try b.linear(normalizedToken(1, of: x, on: b), heads[1], adding: fromClass)
    }

    private func embedding(ofLayer x: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
        switch configuration.readout {
        case .classToken: return try normalizedToken(0, of: x, on: b)
        case .distilled:
            guard let norm else { return try b.pool(x, .average, over: 0..<2) }
            return try b.pool(b.layerNorm(x, norm), .average, over: 0..<2)
        case .pooled(let pooling, let skipped):
            let range = skipped..<configuration.tokenCount
            guard let norm else { return try b.pool(x, pooling, over: range) }
            switch configuration.normPlacement {
            case .beforePooling: return try b.pool(b.layerNorm(x, norm), pooling, over: range)
            case .afterPooling: return try b.layerNorm(b.pool(x, pooling, over: range), norm)
            }
        }
    }

    /// One token of each picture, normalized: a norm of one row each, in place of all of them.
    private func normalizedToken(_ index: Int, of x: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
        let token = try b.pool(x, .average, over: index..<index + 1)
        guard let norm else { return token }
        return try b.layerNorm(token, norm)
    }
}
