package import Operations

/// Sizes and choices of a plain Vision Transformer.
package struct VisionTransformerConfiguration: Sendable, Hashable {
    /// What the classifier reads.
    package enum Readout: Sendable, Hashable {
        /// The class token.
        case classToken
        /// The patches, pooled; the first `skipping` tokens are left out.
        case pooled(Pooling, skipping: Int)
        /// Class and distillation token, a head each, averaged.
        case distilled
        /// Class token and mean of the patches, side by side (DINOv2's classifier).
        case classTokenAndMean(skipping: Int)
        /// Some tokens, side by side (RADIO's class tokens).
        case tokens([Int])
        /// The mean of the first tokens (several class tokens).
        case meanOfFirst(Int)
        /// One row that attention with a learned query gives (SigLIP); the first `skipping` tokens are left out.
        case attentionPooled(heads: Int, skipping: Int)
    }

    /// Where the final norm stands.
    package enum NormPlacement: Sendable, Hashable {
        /// On the tokens.
        case beforePooling
        /// On the pooled row (timm's `fc_norm`).
        case afterPooling
        /// There is none.
        case nowhere
    }

    /// Tables of relative positions as a file has them.
    package struct StoredBias: Sendable, Hashable {
        /// Rows and columns of distances (transformers' BEiT takes the one for the other).
        let distances: InputSize
        /// How they follow another grid.
        let resampling: PositionResampling
    }

    /// What the architecture is called in the model's own configuration.
    package var architecture: String
    /// Rows of pixels.
    package var imageHeight: Int
    /// Columns of pixels.
    package var imageWidth: Int
    /// Side of a patch in pixels, P.
    package var patchSide: Int
    /// Width of the tokens, D.
    package var width: Int
    /// Number of blocks.
    package var depth: Int
    /// Number of heads, H.
    package var heads: Int
    /// Width inside the MLP, M.
    package var hiddenWidth: Int
    /// ε of all norms.
    package var epsilon: Float
    /// Whether the norms are RMS norms.
    package var isRootMeanSquare = false
    /// Activation of the MLP, or of its gate.
    package var activation: Activation
    /// Whether the MLP has a gate: M outputs of the first layer open M others.
    package var isGated = false
    /// Activation of the MLP that follows a pooling by attention.
    package var poolActivation: Activation?
    /// How patches rotate query and key; nil for not at all.
    package var rotary: RotaryRule?
    /// How tables of relative positions are stored, where they may have to be resampled.
    package var storedBias: StoredBias?
    /// Whether the positions are computed, not stored (AIMv2's native models).
    package var hasSinePositions = false
    /// How the position table follows another picture size.
    package var positionResampling = PositionResampling.none
    /// Class, distillation and register tokens in front of the patches, K.
    package var prefixCount: Int
    /// What the classifier reads.
    package var readout: Readout
    /// Where the final norm stands.
    package var normPlacement: NormPlacement
    /// Width of what a projection makes of the readout; nil for a model without one.
    package var projectionWidth: Int?
    /// Number of classes; nil for a model without a head.
    package var classes: Int?

    /// Rows and columns of patches.
    package var grid: (rows: Int, columns: Int) { (imageHeight / patchSide, imageWidth / patchSide) }
    /// Number of patches, N.
    package var patchCount: Int { grid.rows * grid.columns }
    /// Number of tokens, T.
    package var tokenCount: Int { prefixCount + patchCount }
    /// Numbers in the embedding of a picture: E after a projection, else what the classifier reads.
    package var embeddingWidth: Int {
        if let projectionWidth { return projectionWidth }
        return switch readout {
        case .classTokenAndMean: 2 * width
        case .tokens(let tokens): tokens.count * width
        default: width
        }
    }
    /// Width of a head, C.
    package var headWidth: Int { width / heads }
    /// What scores are multiplied by, 1/√C.
    package var attentionScale: Float { 1 / Float(headWidth).squareRoot() }
}

extension VisionTransformerConfiguration {
    /// The input, for messages: `224×224`.
    package var inputDescription: String { "\(imageHeight)×\(imageWidth)" }
}
