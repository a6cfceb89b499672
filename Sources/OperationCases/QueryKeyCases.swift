public import Operations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A case of `queryKey`: tokens, heads and their width, norm, rotation, shared keys and values.
public struct QueryKeyCase: OperationCase {
    let batch: Int
    let tokens: Int
    let heads: Int
    var keyHeads: Int?
    let headWidth: Int
    /// Whether there is a norm, and whether it is an RMS norm; nil for none.
    var rootMeanSquare: Bool?
    var pairing: RotaryEmbedding.Pairing?
    /// Tokens in front that are not rotated.
    var prefix = 1
    var anglesByHead = false

    /// Query and key.
    public var operation: Operation { .queryKey }

    /// Each kind of norm and rotation, alone and together, over widths around vectors; shared keys and values.
    public static let all: [any OperationCase] = [
        QueryKeyCase(batch: 2, tokens: 5, heads: 3, headWidth: 16, rootMeanSquare: false),
        QueryKeyCase(batch: 1, tokens: 7, heads: 2, headWidth: 88, rootMeanSquare: true),
        QueryKeyCase(batch: 1, tokens: 3, heads: 2, headWidth: 7, rootMeanSquare: false),
        QueryKeyCase(batch: 2, tokens: 10, heads: 3, headWidth: 64, pairing: .neighbours),
        QueryKeyCase(batch: 2, tokens: 10, heads: 3, headWidth: 72, pairing: .halves, prefix: 5),
        QueryKeyCase(batch: 1, tokens: 6, heads: 2, headWidth: 10, pairing: .halves, prefix: 0),
        QueryKeyCase(batch: 1, tokens: 6, heads: 2, headWidth: 6, pairing: .neighbours),
        QueryKeyCase(batch: 2, tokens: 9, heads: 4, headWidth: 32, pairing: .neighbours, anglesByHead: true),
        QueryKeyCase(batch: 2, tokens: 9, heads: 6, keyHeads: 2, headWidth: 16),
        QueryKeyCase(
            batch: 2, tokens: 20, heads: 4, keyHeads: 2, headWidth: 64, rootMeanSquare: true, pairing: .halves,
            prefix: 9),
    ]

    /// Two tiny shapes.
    public static let small: [any OperationCase] = [
        QueryKeyCase(
            batch: 1, tokens: 4, heads: 2, keyHeads: 1, headWidth: 8, rootMeanSquare: true, pairing: .neighbours),
        QueryKeyCase(
            batch: 2, tokens: 3, heads: 2, headWidth: 12, rootMeanSquare: false, pairing: .halves, anglesByHead: true),
    ]

    /// The rotation of a ViT-B/16 with rotary embedding.
    public static let base: [any OperationCase] = [
        QueryKeyCase(batch: 1, tokens: 201, heads: 12, headWidth: 64, pairing: .halves, prefix: 5)
    ]

    /// About twenty operations and two moves an element.
    public var work: Work {
        let elements = batch * tokens * heads * headWidth
        let inputs = batch * tokens * (heads + 2 * (keyHeads ?? heads)) * headWidth
        return Work(flop: 20 * elements, floats: inputs + 3 * elements)
    }

    /// Grows with the root of the width.
    public var tolerance: Double { randomWalkTolerance(terms: headWidth) }

    /// Normal heads, any angles.
    public func prepare<B: Backend>(on backend: B) throws(B.Failure) -> PreparedCase<B> {
        var random = SeededGenerator(seed: UInt64(tokens) << 40 ^ UInt64(heads) << 20 ^ UInt64(headWidth))
        let width = (heads + 2 * (keyHeads ?? heads)) * headWidth
        let x = try backend.upload(random.tensor([batch, tokens, width], mean: 0.5))
        let (query, key) = (norm(&random), norm(&random))
        let rotary = pairing.map { pairing in
            let shape = [anglesByHead ? heads : 1, tokens - prefix, headWidth] as Shape
            let angles = random.tensor(shape, deviation: 3).values
            return RotaryEmbedding(
                pairing: pairing, cosines: HostTensor(shape, angles.map { cos($0) }),
                sines: HostTensor(shape, angles.map { sin($0) }))
        }
        let parameters = try backend.prepare(
            QueryKeyParameters(
                heads: heads, keyHeads: keyHeads ?? heads, headWidth: headWidth,
                norms: rootMeanSquare == nil ? nil : (query, key), rotary: rotary))
        return PreparedCase { () throws(B.Failure) in try backend.queryKey(x, parameters) }
    }

    private func norm(_ random: inout SeededGenerator) -> LayerNormParameters {
        LayerNormParameters(
            scale: random.values(headWidth, mean: 1, deviation: 0.2), shift: random.values(headWidth), epsilon: 1e-6,
            isRootMeanSquare: rootMeanSquare ?? false)
    }

    /// Sizes and what is done.
    public var description: String {
        "query and key \(batch)×\(tokens) tokens, \(heads) \(heads == 1 ? "head" : "heads") of \(headWidth)"
            + (keyHeads.map { " sharing \($0)" } ?? "")
            + (rootMeanSquare.map { $0 ? ", RMS norm" : ", layer norm" } ?? "")
            + (pairing.map { ", rotating \($0)" } ?? "") + (anglesByHead ? " head by head" : "")
    }
}
