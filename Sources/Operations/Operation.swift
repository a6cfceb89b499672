/// The operations that have kernels: the rows of every table about them.
///
/// The name is found again in `Operations/Reference`, `Kernels`, `OpenCLOperations/Operations` and `OperationCases`.
public enum Operation: String, Sendable, CaseIterable {
    /// Pictures to tokens.
    case patchEmbedding
    /// Rows with mean 0 and variance 1, scaled and shifted.
    case layerNorm
    /// Query and key of each head normalized and rotated.
    case queryKey
    /// The gate of a gated MLP.
    case gating
    /// Matrix product with everything that surrounds it.
    case linear
    /// Scaled dot-product attention.
    case attention
    /// The weights of attention.
    case attentionMap
    /// Tokens to one row.
    case pooling
    /// Scores to probabilities.
    case softmax
}
