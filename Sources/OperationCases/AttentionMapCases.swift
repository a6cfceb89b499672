public import Operations

/// A case of `attentionMap`: batch, tokens, heads and their width, which heads, and whether they are averaged.
public struct AttentionMapCase: OperationCase {
    let batch: Int
    let tokens: Int
    let heads: Int
    let headWidth: Int
    var sharpness: Float = 1
    var hasBias = false
    /// The first tokens that ask; nil for all.
    var queries: Int?
    /// The heads looked at; nil for all.
    var chosen: Range<Int>?
    var averaged = false

    /// Maps of attention.
    public var operation: Operation { .attentionMap }

    /// Tokens around groups and the real lengths n² + 1; head widths of every family; a head, some, the mean of all.
    public static let all: [any OperationCase] =
        [1, 2, 9, 63, 64, 65, 197].map { AttentionMapCase(batch: 2, tokens: $0, heads: 3, headWidth: 16) }
        + [4, 6, 12, 72, 80, 88].map { AttentionMapCase(batch: 1, tokens: 26, heads: 2, headWidth: $0) }
        + [0, 30, 1000].map { AttentionMapCase(batch: 1, tokens: 50, heads: 2, headWidth: 16, sharpness: $0) }
        + [
            AttentionMapCase(batch: 2, tokens: 41, heads: 4, headWidth: 24, hasBias: true, chosen: 1..<3),
            AttentionMapCase(batch: 2, tokens: 41, heads: 4, headWidth: 24, queries: 1, chosen: 3..<4),
            AttentionMapCase(batch: 2, tokens: 65, heads: 5, headWidth: 8, averaged: true),
            AttentionMapCase(batch: 1, tokens: 600, heads: 3, headWidth: 8, hasBias: true, queries: 2, averaged: true),
        ]

    /// Three tiny shapes.
    public static let small: [any OperationCase] = [
        AttentionMapCase(batch: 1, tokens: 5, heads: 2, headWidth: 4),
        AttentionMapCase(batch: 2, tokens: 9, heads: 3, headWidth: 12, queries: 2, chosen: 1..<3, averaged: true),
        AttentionMapCase(batch: 2, tokens: 11, heads: 2, headWidth: 8, hasBias: true, queries: 3, chosen: 1..<2),
    ]

    /// The class token's map of ViT-B/16.
    public static let base: [any OperationCase] = [
        AttentionMapCase(batch: 1, tokens: 197, heads: 12, headWidth: 64, queries: 1)
    ]

    private var range: Range<Int> { chosen ?? 0..<heads }

    /// One product of Q × T × C a head.
    public var work: Work {
        let asked = queries ?? tokens
        return Work(
            flop: 2 * batch * range.count * asked * tokens * headWidth,
            floats: batch * (range.count * (asked + tokens) * headWidth + (averaged ? 1 : range.count) * asked * tokens)
                + (hasBias ? heads * tokens * tokens : 0))
    }

    /// A weight's error is relative to it, that of its score times the score's size; the largest weight of T stands up to √T
    /// above their root mean square.
    public var tolerance: Double {
        randomWalkTolerance(terms: headWidth) * Double(max(1, sharpness)) * Double(tokens).squareRoot()
    }

    /// Normal queries and keys.
    public func prepare<B: Backend>(on backend: B) throws(B.Failure) -> PreparedCase<B> {
        var random = SeededGenerator(seed: UInt64(tokens) << 32 ^ UInt64(heads) << 16 ^ UInt64(headWidth))
        let queryKeyValue = try backend.upload(random.tensor([batch, tokens, 3 * heads * headWidth]))
        let bias =
            try hasBias
            ? backend.prepare(AttentionBiasParameters(random.tensor([heads, tokens, tokens]))) : nil
        let scale = sharpness / Float(headWidth).squareRoot()
        return PreparedCase { () throws(B.Failure) in
            try backend.attentionMap(
                queryKeyValue, heads: heads, scale: scale, bias: bias, queries: queries, of: range, averaged: averaged)
        }
    }

    /// Sizes, and what is chosen.
    public var description: String {
        "attention map \(batch)×\(tokens) tokens, \(heads) \(heads == 1 ? "head" : "heads") of \(headWidth)"
            + (sharpness == 1 ? "" : ", sharpness \(Int(sharpness))") + (hasBias ? ", bias" : "")
            + (queries.map { ", the first \($0) ask" } ?? "")
            + (chosen.map { ", heads \($0.lowerBound)–\($0.upperBound - 1)" } ?? "") + (averaged ? ", their mean" : "")
    }
}
