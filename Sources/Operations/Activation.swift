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
    case geluTanh = "gelu-tanh"
    /// x · σ(1.702 · x)
    case geluQuick = "gelu-quick"
    /// x · σ(x)
    case silu
    /// max(x, 0)
    case relu
}
