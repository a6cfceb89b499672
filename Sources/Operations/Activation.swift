/// The element-wise functions that a linear layer can end with.
///
/// The three GELUs differ by up to 2e-2, so a model must never get the wrong one (Hendrycks and Gimpel,
/// arXiv:1606.08415).
public enum Activation: String, Sendable, CaseIterable {
    /// x
    case identity
    /// x · Φ(x), Φ by the error function.
    case gelu
    /// 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))
    case geluTanh
    /// x · σ(1.702 · x)
    case geluQuick
    /// x · σ(x)
    case silu
    /// max(x, 0)
    case relu
}

/// How a range of tokens becomes one row.
public enum Pooling: String, Sendable, CaseIterable {
    /// Mean over the tokens; of a single token, that token.
    case average
    /// Largest value over the tokens.
    case maximum
    /// Half the sum of mean and largest value.
    case averageAndMaximum
}
