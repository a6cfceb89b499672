public import Operations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A case of `attention`: batch, tokens, heads and their width; sharpness scales the scores.
public struct AttentionCase: OperationCase {
    let batch: Int
    let tokens: Int
    let heads: Int
    let headWidth: Int
    var sharpness: Float = 1
    var hasBias = false
    /// The first tokens that ask; nil for all.
    var queries: Int?

    /// Attention.
    public var operation: Operation { .attention }

    /// Tokens around steps and, of heads as most are, around blocks; the real lengths n² + 1; head widths of every family;
    /// scores from flat to one-hot.
    public static let all: [any OperationCase] =
        [1, 2, 7, 8, 9, 17, 31, 33, 65].map { AttentionCase(batch: 2, tokens: $0, heads: 3, headWidth: 16) }
        + [4, 6, 12, 24, 32, 64, 72, 80, 88].map { AttentionCase(batch: 1, tokens: 26, heads: 2, headWidth: $0) }
        + [197, 257].map { AttentionCase(batch: 1, tokens: $0, heads: 2, headWidth: 32) }
        + [60, 130, 200, 280, 300].map { AttentionCase(batch: 2, tokens: $0, heads: 1, headWidth: 64) }
        + [AttentionCase(batch: 1, tokens: 205, heads: 2, headWidth: 64, sharpness: 30, queries: 70)]
        + [577, 1370].map { AttentionCase(batch: 1, tokens: $0, heads: 1, headWidth: 8) }
        + [0, 30, 1000].map { AttentionCase(batch: 1, tokens: 50, heads: 2, headWidth: 16, sharpness: $0) }
        + [1, 9, 17, 65, 197].map { AttentionCase(batch: 2, tokens: $0, heads: 3, headWidth: 16, hasBias: true) }
        + [1, 2, 5, 40].map { AttentionCase(batch: 2, tokens: 41, heads: 2, headWidth: 24, queries: $0) }
        + [AttentionCase(batch: 2, tokens: 600, heads: 2, headWidth: 8, hasBias: true, queries: 3)]

    /// Five tiny shapes.
    public static let small: [any OperationCase] = [
        AttentionCase(batch: 1, tokens: 5, heads: 2, headWidth: 4),
        AttentionCase(batch: 2, tokens: 9, heads: 1, headWidth: 12),
        AttentionCase(batch: 1, tokens: 17, heads: 1, headWidth: 16),
        AttentionCase(batch: 2, tokens: 11, heads: 2, headWidth: 8, hasBias: true, queries: 3),
        AttentionCase(batch: 2, tokens: 9, heads: 1, headWidth: 64),
    ]

    /// The attention of ViT-B/16.
    public static let base: [any OperationCase] = [AttentionCase(batch: 1, tokens: 197, heads: 12, headWidth: 64)]

    /// Two products of T × T × C a head.
    public var work: Work {
        Work(
            flop: 4 * batch * heads * (queries ?? tokens) * tokens * headWidth,
            floats: batch * heads * (3 * tokens + (queries ?? tokens)) * headWidth
                + (hasBias ? heads * tokens * tokens : 0)
        )
    }

    /// Scores and sums are random walks; a score's error is multiplied by its size in the exponent.
    public var tolerance: Double { randomWalkTolerance(terms: headWidth + tokens) * Double(max(1, sharpness)) }

    /// Six deviations of what rounding the factors of both products does, and the rounding of the result.
    ///
    /// A score is off by √2·u/√3 of its deviation σ, the weight that follows by that and, like the value, by its own u/√3; u is
    /// 2⁻⁹ in bfloat16, 2⁻¹² in float16. Results are numbers of up to five deviations, and off by u.
    ///
    /// The squares of C normal numbers sum to at most C + 2√(Ct) + 2t in all but one of eᵗ cases (Laurent and Massart 2000,
    /// lemma 1), and so more likely than not for all of N queries with t = ln 2N. The longest one's scores have as much larger a
    /// σ². The squares of weights e^s sum to e^σ²/T: its row of the result is larger than others by the root of that, by √T at
    /// most. Only matrix instructions round: elsewhere attention is float32 in every precision.
    public func tolerance(in precision: Precision) -> Double {
        let unit: Double
        switch precision {
        case .float32, .int8: return tolerance
        case .float16: unit = 0x1p-12
        case .bfloat16: unit = 0x1p-9
        }
        let usual = Double(sharpness * sharpness)
        let rarity = log(2 * Double(batch * heads * (queries ?? tokens))) / Double(headWidth)
        let longest = usual * (1 + 2 * rarity.squareRoot() + 2 * rarity)
        let growth = min(exp((longest - usual) / 2), Double(tokens).squareRoot())
        return tolerance + 6 * unit * growth * (2.0 / 3 * (1 + longest)).squareRoot() + 5 * unit
    }

    /// Normal queries, keys and values.
    public func prepare<B: Backend>(on backend: B) throws(B.Failure) -> PreparedCase<B> {
        var random = SeededGenerator(seed: UInt64(tokens) << 32 ^ UInt64(heads) << 16 ^ UInt64(headWidth))
        let queryKeyValue = try backend.upload(random.tensor([batch, tokens, 3 * heads * headWidth]))
        // A few thousand values, again and again at a stride that no axis divides: as good, and made in no time.
        let drawn = hasBias ? random.values(4093) : []
        let shape = [heads, tokens, tokens] as Shape
        let bias =
            try hasBias
            ? backend.prepare(
                AttentionBiasParameters(HostTensor(shape, (0..<shape.count).map { drawn[$0 * 7919 % 4093] }))) : nil
        let scale = sharpness / Float(headWidth).squareRoot()
        return PreparedCase { () throws(B.Failure) in
            try backend.attention(queryKeyValue, heads: heads, scale: scale, bias: bias, queries: queries)
        }
    }

    /// Sizes, and sharpness where it is not 1.
    public var description: String {
        "attention \(batch)×\(tokens) tokens, \(heads) \(heads == 1 ? "head" : "heads") of \(headWidth)"
            + (sharpness == 1 ? "" : ", sharpness \(Int(sharpness))") + (hasBias ? ", bias" : "")
            + (queries.map { ", the first \($0) ask" } ?? "")
    }
}
