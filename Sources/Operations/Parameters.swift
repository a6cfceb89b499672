/// A linear layer as a checkpoint holds it: `y = scale ⊙ (x · Wᵀ + b)`.
public struct LinearParameters: Sendable {
    /// W, `[out, in]`.
    public let weight: HostTensor
    /// b, `[out]`; nil for none.
    public let bias: [Float]?
    /// Layer scale γ, `[out]`, applied before a residual is added (Touvron et al., arXiv:2103.17239); nil for none.
    public let layerScale: [Float]?
    /// Whether the layer stays float32 in every precision: a head, which is small and whose errors are the model's.
    public let staysFloat32: Bool

    /// Makes a layer from a weight `[out, in]` and vectors of length `out`.
    public init(
        weight: HostTensor, bias: [Float]? = nil, layerScale: [Float]? = nil, staysFloat32: Bool = false
    ) {
        precondition(weight.shape.rank == 2, "linear weight must be [out, in], found \(weight.shape)")
        precondition(bias.map { $0.count == weight.shape[0] } ?? true, "bias length differs from \(weight.shape[0])")
        precondition(
            layerScale.map { $0.count == weight.shape[0] } ?? true, "layer scale length differs from \(weight.shape[0])"
        )
        self.weight = weight
        self.bias = bias
        self.layerScale = layerScale
        self.staysFloat32 = staysFloat32
    }

    /// Width of the output.
    public var outputWidth: Int { weight.shape[0] }
    /// Width of the input.
    public var inputWidth: Int { weight.shape[1] }
}

/// Layer normalization: `y = (x − mean) / √(variance + ε) ⊙ γ + β` over the last axis (Ba et al., arXiv:1607.06450).
///
/// RMS norm is the same with a mean of 0 (Zhang and Sennrich, arXiv:1910.07467).
public struct LayerNormParameters: Sendable {
    /// γ, `[D]`.
    public let scale: [Float]
    /// β, `[D]`.
    public let shift: [Float]
    /// ε, added to the variance: between 1e-12 (Hugging Face ViT) and 1e-5 (CLIP).
    public let epsilon: Float
    /// Whether the mean counts as 0: an RMS norm.
    public let isRootMeanSquare: Bool

    /// Makes a norm over rows of `scale.count` elements.
    public init(scale: [Float], shift: [Float], epsilon: Float, isRootMeanSquare: Bool = false) {
        precondition(scale.count == shift.count, "scale and shift differ in length")
        self.scale = scale
        self.shift = shift
        self.epsilon = epsilon
        self.isRootMeanSquare = isRootMeanSquare
    }

    /// Width of the rows, D.
    public var width: Int { scale.count }
}

/// Patch embedding: each P×P patch projected to D, positions added, and prefix tokens put in front.
///
/// Dosovitskiy et al., arXiv:2010.11929; a strided convolution written as the matrix product that it is.
public struct PatchEmbeddingParameters: Sendable {
    /// Side of a patch in pixels, P.
    public let patchSide: Int
    /// Projection, `[D, 3·P·P]`, the input ordered channel, row, column.
    public let weight: HostTensor
    /// `[D]`; nil for none.
    public let bias: [Float]?
    /// Class, distillation and register tokens, their positions already added: `[K, D]`, K may be 0.
    public let prefix: HostTensor
    /// Positions of the patches, `[N, D]`, row by row over the grid; nil for none.
    public let positions: HostTensor?

    /// Makes an embedding whose parts agree on D.
    public init(
        patchSide: Int, weight: HostTensor, bias: [Float]? = nil, prefix: HostTensor, positions: HostTensor? = nil
    ) {
        precondition(
            weight.shape.rank == 2 && weight.shape[1] == 3 * patchSide * patchSide,
            "projection must be [D, \(3 * patchSide * patchSide)], found \(weight.shape)")
        precondition(prefix.shape.rank == 2 && prefix.shape[1] == weight.shape[0], "prefix \(prefix.shape)")
        precondition(
            positions.map { $0.shape.width == weight.shape[0] } ?? true, "positions and projection differ in D")
        precondition(bias.map { $0.count == weight.shape[0] } ?? true, "bias and projection differ in D")
        self.patchSide = patchSide
        self.weight = weight
        self.bias = bias
        self.prefix = prefix
        self.positions = positions
    }

    /// Width of the tokens, D.
    public var width: Int { weight.shape[0] }
    /// Number of tokens before the patches, K.
    public var prefixCount: Int { prefix.shape[0] }
}

/// What is added to the scores of attention before the softmax: `[H, T, T]`, by head, query and key.
public struct AttentionBiasParameters: Sendable {
    /// The values.
    public let values: HostTensor

    /// Wraps values `[H, T, T]`.
    public init(_ values: HostTensor) {
        precondition(values.shape.rank == 3 && values.shape[1] == values.shape[2], "bias must be [H, T, T]")
        self.values = values
    }

    /// Number of heads, H.
    public var heads: Int { values.shape[0] }
    /// Number of tokens, T.
    public var tokenCount: Int { values.shape[1] }
}

/// How a range of tokens becomes one row.
public enum Pooling: String, Sendable, CaseIterable {
    /// Mean over the tokens; of a single token, that token.
    case average
    /// Largest value over the tokens.
    case maximum
    /// Half the sum of mean and largest value.
    case averageAndMaximum = "average and maximum"
}
