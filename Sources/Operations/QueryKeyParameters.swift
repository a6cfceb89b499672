/// What is done to query and key of each head before attention: a norm, a rotation, shared keys and values repeated.
///
/// Norm: Dehghani et al., arXiv:2302.05442; rotation: Su et al., arXiv:2104.09864; shared keys and values: Ainslie et
/// al., arXiv:2305.13245.
public struct QueryKeyParameters: Sendable {
    /// Heads of the query, H.
    public let heads: Int
    /// Heads of key and value, K, a divisor of H: head h reads head ⌊h·K/H⌋ of them.
    public let keyHeads: Int
    /// Width of a head, C.
    public let headWidth: Int
    /// Norms over the heads of query and key, of width C and of one kind; nil for none.
    public let norms: (query: LayerNormParameters, key: LayerNormParameters)?
    /// Rotation of query and key; nil for none.
    public let rotary: RotaryEmbedding?

    /// Makes parameters whose parts agree on H and C.
    public init(
        heads: Int, keyHeads: Int, headWidth: Int,
        norms: (query: LayerNormParameters, key: LayerNormParameters)? = nil, rotary: RotaryEmbedding? = nil
    ) {
        precondition(keyHeads > 0 && heads % keyHeads == 0, "\(heads) heads cannot share \(keyHeads)")
        precondition(
            norms.map { $0.query.width == headWidth && $0.key.width == headWidth } ?? true, "norms are no head wide")
        precondition(
            norms.map { $0.query.epsilon == $0.key.epsilon && $0.query.isRootMeanSquare == $0.key.isRootMeanSquare }
                ?? true, "query and key have different norms")
        precondition(
            rotary.map { $0.width == headWidth && ($0.tableCount == 1 || $0.tableCount == heads) } ?? true,
            "angles do not fit \(heads) heads of \(headWidth)")
        precondition(headWidth % 2 == 0 || rotary == nil, "a head of \(headWidth) cannot be rotated")
        (self.heads, self.keyHeads, self.headWidth) = (heads, keyHeads, headWidth)
        (self.norms, self.rotary) = (norms, rotary)
    }
}

/// Angles by which the patches' queries and keys are rotated: `y[c] = x[c]·cos[c] ± x[partner of c]·sin[c]`.
public struct RotaryEmbedding: Sendable, Equatable {
    /// Which channels are a pair; the first of it gets the minus.
    public enum Pairing: Sendable, Hashable {
        /// c and c + 1, c even.
        case neighbours
        /// c and c + C/2.
        case halves
    }

    /// Which channels are a pair.
    public let pairing: Pairing
    /// Cosines, `[1 or H, N, C]`: one table for all heads, or one a head.
    public let cosines: HostTensor
    /// Sines, of the same shape.
    public let sines: HostTensor

    /// Makes tables of one shape.
    public init(pairing: Pairing, cosines: HostTensor, sines: HostTensor) {
        precondition(cosines.shape.rank == 3 && cosines.shape == sines.shape, "\(cosines.shape) and \(sines.shape)")
        (self.pairing, self.cosines, self.sines) = (pairing, cosines, sines)
    }

    /// Tables: 1, or one a head.
    public var tableCount: Int { cosines.shape[0] }
    /// Tokens that are rotated, N, the last of the sequence.
    public var tokenCount: Int { cosines.shape[1] }
    /// Width of a head, C.
    public var width: Int { cosines.shape[2] }
}
