import Operations

extension VisionTransformer {
    /// Attention with its norms and projection, before a residual.
    struct Attention {
        /// The norm before; nil for none.
        let norm: B.LayerNorm?
        let queryKeyValue: B.Linear
        let queryKey: B.QueryKey?
        /// Heads that the kernel sees: four times the model's where attention is differential.
        let heads: Int
        let scale: Float
        let bias: B.AttentionBias?
        /// `A₁ − λ·A₂` of the two halves that differential attention gives, and the norm over its heads.
        let difference: (linear: B.Linear, norm: B.LayerNorm)?
        /// The norm between attention and projection; nil for none.
        let innerNorm: B.LayerNorm?
        let projection: B.Linear
        /// The norm after the projection; nil for none.
        let postNorm: B.LayerNorm?

        /// `residual + attention(x)`, `[B, queries or T, D]`.
        func callAsFunction(
            _ x: B.Tensor, adding residual: B.Tensor, queries: Int?, on b: B
        ) throws(B.Failure) -> B.Tensor {
            let qkv = try projected(x, on: b)
            var y = try b.attention(qkv, heads: heads, scale: scale, bias: bias, queries: queries)
            if let (linear, headNorm) = difference { y = try b.layerNorm(b.linear(y, linear), headNorm) }
            guard let postNorm else {
                return try b.linear(y, projection, after: innerNorm, then: .identity, adding: residual)
            }
            return try b.layerNorm(b.linear(y, projection, after: innerNorm), postNorm, adding: residual)
        }

        /// Query, key and value as attention reads them, `[B, T, 3·D]`.
        func projected(_ x: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
            let qkv = try b.linear(x, queryKeyValue, after: norm)
            return if let queryKey { try b.queryKey(qkv, queryKey) } else { qkv }
        }
    }

    /// An MLP with its norms, before a residual.
    struct MLP {
        let norm: B.LayerNorm?
        let expand: B.Linear
        let activation: Activation
        let isGated: Bool
        let innerNorm: B.LayerNorm?
        let contract: B.Linear
        let postNorm: B.LayerNorm?

        /// `residual + mlp(x)`.
        func callAsFunction(_ x: B.Tensor, adding residual: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
            var hidden = try b.linear(x, expand, after: norm, then: isGated ? .identity : activation)  // [B, T, M]
            if isGated { hidden = try b.gate(hidden, activation) }
            guard let postNorm else {
                return try b.linear(hidden, contract, after: innerNorm, then: .identity, adding: residual)
            }
            return try b.layerNorm(b.linear(hidden, contract, after: innerNorm), postNorm, adding: residual)
        }
    }

    /// Attention of one learned query over all tokens, then perhaps an MLP before a residual (Zhai et al., arXiv:2106.04560).
    struct AttentionPool {
        /// Query, key and value; the query's weight is 0 and its bias the learned query, projected.
        let queryKeyValue: B.Linear
        let heads: Int
        let scale: Float
        /// What hides tokens that are left out.
        let bias: B.AttentionBias?
        let projection: B.Linear
        /// What follows before a residual; nil for nothing.
        let mlp: MLP?

        /// One row a picture, `[B, D]`.
        func callAsFunction(_ tokens: B.Tensor, on b: B) throws(B.Failure) -> B.Tensor {
            let qkv = try b.linear(tokens, queryKeyValue)
            let y = try b.linear(b.attention(qkv, heads: heads, scale: scale, bias: bias, queries: 1), projection)
            guard let mlp else { return try b.pool(y, .average, over: 0..<1) }
            return try b.pool(mlp(y, adding: y, on: b), .average, over: 0..<1)
        }
    }
}
