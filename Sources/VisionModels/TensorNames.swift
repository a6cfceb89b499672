import Operations

/// A format's names for the parameters of a plain Vision Transformer: what a family adds to the engine.
///
/// What is named must be there; a name is nil where the model has no such parameter.
struct TensorNames {
    /// What all names but the heads' begin with, such as `vit`; empty for none.
    var root = ""
    /// Tokens in front of the patches, in order, and how many each tensor holds.
    var prefix: [(name: String, count: Int)]
    /// The position table, one entry a patch or one a token.
    var positions: String?
    /// Tokens in front that the position table covers; nil for what its length says.
    var positionPrefixCount: Int?
    var patchProjection: String
    var patchLayout = PatchLayout.convolution
    /// Mean and deviation by which the model normalizes pictures itself, three values each (RADIO).
    var inputNormalization: (mean: String, deviation: String)?
    /// A norm of the patches, before positions are added (AIMv2).
    var patchNorm: String?
    /// A norm of all tokens before the first block (CLIP).
    var preNorm: String?
    /// Frequencies of the rotation that were learned, `[2, depth, H, C/2]`.
    var rotaryFrequencies: String?
    /// Angles of the class token, `[1, C/2]`, that were learned (MLCD).
    var classTokenAngles: String?
    /// A table of relative positions that all blocks share (BEiT).
    var sharedBiasTable: String?
    /// What the blocks' numbers follow.
    var blocks: String
    /// Whether the blocks are named from the top, whatever the root.
    var hasBlocksAtTop = false
    var block: BlockNames
    /// The final norm, on the tokens or on the pooled row.
    var norm: String
    /// Attention that pools the tokens (SigLIP).
    var pool: AttentionPoolNames?
    /// One head, or two for models that read two rows; named from the top, whatever the root.
    var heads: [LinearNames]
    /// What follows the readout and is no classifier: the projection to the space that pictures and texts share.
    var projection: LinearNames?
    /// Tensors that may be there and are not used.
    var ignored: [String] = []

    /// Whether there are tables of relative positions.
    var hasBiasTables: Bool { sharedBiasTable != nil || block.attention[0].biasTable != nil }
}

/// How the weight of the patches' projection lies.
enum PatchLayout {
    /// `[D, 3, P, P]`
    case convolution
    /// `[D, 3·P·P]` (RADIO)
    case matrix
    /// `[D, P·P·3]` (SigLIP 2)
    case channelsLast
}

/// The names of one block.
struct BlockNames {
    /// One, or several that read the same tokens (Touvron et al., arXiv:2203.09795).
    var attention: [AttentionNames]
    /// One, or several that read the same tokens.
    var mlp: [MLPNames]
    /// Whether the MLP reads what attention reads (Dehghani et al., arXiv:2302.05442).
    var isParallel = false
}

/// The names of an attention and what surrounds it.
struct AttentionNames {
    /// Where query, key and value are.
    enum QueryKeyValue {
        /// One layer `[3·D, D]`, rows of query first.
        case fused(LinearNames)
        /// One weight `[3·D, D]`, and biases for query and value alone.
        case fusedWithBiases(weight: String, query: String, value: String)
        /// Three layers; those of key and value may have fewer heads.
        case split(query: LinearNames, key: LinearNames, value: LinearNames)
    }

    /// The norm before, or after the projection.
    var norm: String
    var isPostNorm = false
    var queryKeyValue: QueryKeyValue
    /// Norms over the heads of query and key.
    var headNorms: (query: String, key: String)?
    /// Where the parameters of differential attention are: `lambda_q1` … and `sub_norm` (Ye et al., arXiv:2410.05258).
    var differential: String?
    /// A norm between attention and projection (EVA-02).
    var innerNorm: String?
    var projection: LinearNames
    /// γ.
    var layerScale: String?
    /// The block's table of relative positions (BEiT).
    var biasTable: String?
}

/// The names of an MLP and what surrounds it.
struct MLPNames {
    /// The first layer of an MLP.
    enum Expansion {
        /// `[M, D]`.
        case plain(LinearNames)
        /// `[2·M, D]`, the gate first.
        case packedGate(LinearNames)
        /// Two layers `[M, D]`.
        case splitGate(gate: LinearNames, value: LinearNames)
    }

    /// The norm before, or after the second layer.
    var norm: String
    var isPostNorm = false
    var expand: Expansion
    /// A norm between activation and second layer.
    var innerNorm: String?
    var contract: LinearNames
    /// γ.
    var layerScale: String?
}

/// The names of a pooling by attention: one learned query over all tokens, then perhaps an MLP before a residual.
struct AttentionPoolNames {
    /// The learned query, D values.
    var latent: String
    /// Projects it; nil where it is the query itself.
    var query: LinearNames?
    var key: LinearNames
    var value: LinearNames
    var projection: LinearNames
    var mlp: (norm: String, expand: LinearNames, contract: LinearNames)?
}

/// A linear layer's tensors, or a part of them.
struct LinearNames: ExpressibleByStringLiteral {
    /// Some rows or columns of a tensor.
    struct Part {
        let range: Range<Int>
        /// How many the tensor has.
        let total: Int
    }

    var weight: String
    /// Read where it is there.
    var bias: String?
    /// Outputs that are this layer's, of weight and bias.
    var rows: Part?
    /// Inputs that are this layer's, of the weight.
    var columns: Part?
    /// A bias of these rows alone, where it is there.
    var ownBias: String?
    /// What the bias is multiplied by: 0 for what must be none (FAIR's DINOv3).
    var biasMask: String?
    /// Whether the weight lies as `[in, out]`.
    var isTransposed = false

    /// `name.weight` and `name.bias`.
    init(_ name: String) { (weight, bias) = (name + ".weight", name + ".bias") }

    /// A weight and a bias by their own names.
    init(weight: String, bias: String?) { (self.weight, self.bias) = (weight, bias) }

    init(stringLiteral name: String) { self.init(name) }
}
