/// What a device must be able to do for a Vision Transformer to run on it.
///
/// A few verbs; fusions are arguments, never further verbs. Parameters are *prepared* once at load, so that no
/// question of layout or precision remains when a pass runs. Tensors are contiguous and row-major. A shape that does
/// not fit is a mistake of our own model code and traps; what a driver can cause is thrown as `Failure`.
public protocol Backend {
    /// A tensor where this backend computes.
    associatedtype Tensor
    /// What can go wrong on the device; `Never` for the reference.
    associatedtype Failure: Error
    /// A linear layer ready to run.
    associatedtype Linear
    /// A layer norm ready to run.
    associatedtype LayerNorm
    /// A patch embedding ready to run.
    associatedtype PatchEmbedding
    /// What is done to query and key before attention, ready to run.
    associatedtype QueryKey
    /// What is added to the scores of attention, ready to be.
    associatedtype AttentionBias

    /// Makes a linear layer ready: packs, folds layer scale, moves it to the device.
    func prepare(_ parameters: LinearParameters) throws(Failure) -> Linear
    /// Makes a layer norm ready.
    func prepare(_ parameters: LayerNormParameters) throws(Failure) -> LayerNorm
    /// Makes a patch embedding ready.
    func prepare(_ parameters: PatchEmbeddingParameters) throws(Failure) -> PatchEmbedding
    /// Makes norms and angles of query and key ready.
    func prepare(_ parameters: QueryKeyParameters) throws(Failure) -> QueryKey
    /// Makes a bias of attention ready.
    func prepare(_ parameters: AttentionBiasParameters) throws(Failure) -> AttentionBias

    /// Copies values to the device.
    func upload(_ tensor: HostTensor) throws(Failure) -> Tensor
    /// Copies pictures to the device as bytes, `[B, height, width, 3]`.
    func upload(_ pictures: PixelBatch) throws(Failure) -> Tensor
    /// Copies values back, waiting for what computes them.
    func download(_ tensor: Tensor) throws(Failure) -> HostTensor

    /// Pictures to tokens `[B, K + N, D]`: gather, projection, bias, positions, prefix tokens.
    ///
    /// Height and width must be multiples of the patch side, and give as many patches as there are positions.
    func embed(_ pixels: Pixels<Tensor>, _ embedding: PatchEmbedding) throws(Failure) -> Tensor

    /// Normalizes each run of `norm.width` elements: a row of `[…, D]`, or each head of it.
    ///
    /// - Parameter residual: Added last; nil for none. Its shape is that of `x`, or of one picture of it.
    func layerNorm(_ x: Tensor, _ norm: LayerNorm, adding residual: Tensor?) throws(Failure) -> Tensor

    /// `residual + layerScale ⊙ activation(norm(x) · Wᵀ + b)`, `[…, in]` to `[…, out]`.
    ///
    /// - Parameters:
    ///   - norm: Applied to the rows of `x` first; nil for none.
    ///   - activation: Applied to the product.
    ///   - residual: Added last, `[…, out]`; nil for none.
    func linear(
        _ x: Tensor, _ linear: Linear, after norm: LayerNorm?, then activation: Activation, adding residual: Tensor?
    ) throws(Failure) -> Tensor

    /// Normalizes and rotates query and key of each head, `[B, T, (H + 2·K)·C]` to `[B, T, 3·H·C]`, H heads of the query
    /// and K of key and value, which are repeated.
    func queryKey(_ queryKeyValue: Tensor, _ parameters: QueryKey) throws(Failure) -> Tensor

    /// Scaled dot-product attention over `[B, T, 3·H·C]` (query, key, value; each head by head) to `[B, Q, H·C]`.
    ///
    /// `softmax(scale · Q · Kᵀ + bias) · V` for each head (Vaswani et al., arXiv:1706.03762). The T×T matrix is never
    /// stored.
    ///
    /// - Parameters:
    ///   - bias: Added to the scores; nil for none.
    ///   - queries: The first tokens whose queries are answered, Q; nil for all T.
    func attention(
        _ queryKeyValue: Tensor, heads: Int, scale: Float, bias: AttentionBias?, queries: Int?
    ) throws(Failure) -> Tensor

    /// The weights of attention that `attention` never stores, `softmax(scale · Q · Kᵀ + bias)`, `[B, R, Q, T]`.
    ///
    /// - Parameters:
    ///   - chosen: Heads, one map each; or one map of all of them.
    ///   - averaged: Whether the heads become one map, their mean: R is 1 then.
    func attentionMap(
        _ queryKeyValue: Tensor, heads: Int, scale: Float, bias: AttentionBias?, queries: Int?, of chosen: Range<Int>,
        averaged: Bool
    ) throws(Failure) -> Tensor

    /// `activation(x₀) ⊙ x₁`, the halves of each row: `[…, 2·M]` to `[…, M]` (Shazeer, arXiv:2002.05202).
    func gate(_ x: Tensor, _ activation: Activation) throws(Failure) -> Tensor

    /// A range of the tokens of `[B, T, D]` as one row each, `[B, D]`; a row `[B, D]` counts as one token.
    func pool(_ tokens: Tensor, _ pooling: Pooling, over range: Range<Int>) throws(Failure) -> Tensor

    /// Softmax of each row of `[…, classes]`.
    func softmax(_ x: Tensor) throws(Failure) -> Tensor
}

extension Backend {
    /// Normalizes each run of `norm.width` elements.
    public func layerNorm(_ x: Tensor, _ norm: LayerNorm) throws(Failure) -> Tensor {
        try layerNorm(x, norm, adding: nil)
    }

    /// Scaled dot-product attention of all tokens, nothing added to the scores.
    public func attention(_ queryKeyValue: Tensor, heads: Int, scale: Float) throws(Failure) -> Tensor {
        try attention(queryKeyValue, heads: heads, scale: scale, bias: nil, queries: nil)
    }

    /// `x · Wᵀ + b`, optionally normalized before, activated and added to a residual after.
    public func linear(
        _ x: Tensor, _ parameters: Linear, after norm: LayerNorm? = nil, then activation: Activation = .identity
    ) throws(Failure) -> Tensor {
        try linear(x, parameters, after: norm, then: activation, adding: nil)
    }

    /// `residual + x · Wᵀ + b`.
    public func linear(_ x: Tensor, _ parameters: Linear, adding residual: Tensor) throws(Failure) -> Tensor {
        try linear(x, parameters, after: nil, then: .identity, adding: residual)
    }
}
