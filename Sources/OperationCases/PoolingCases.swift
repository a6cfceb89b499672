public import Operations

/// A case of `pool`: a range of tokens to one row.
public struct PoolingCase: OperationCase {
    let batch: Int
    let tokens: Int
    let width: Int
    let range: Range<Int>
    let pooling: Pooling

    /// Pooling.
    public var operation: Operation { .pooling }

    /// Each pooling over one token, over all but the prefix, and over widths around vectors.
    public static let all: [any OperationCase] = Pooling.allCases.flatMap { pooling in
        [
            PoolingCase(batch: 1, tokens: 1, width: 1, range: 0..<1, pooling: pooling),
            PoolingCase(batch: 3, tokens: 10, width: 33, range: 0..<1, pooling: pooling),
            PoolingCase(batch: 2, tokens: 21, width: 48, range: 5..<21, pooling: pooling),
            PoolingCase(batch: 2, tokens: 197, width: 193, range: 1..<197, pooling: pooling),
            PoolingCase(batch: 1, tokens: 9, width: 15, range: 0..<2, pooling: pooling),
        ]
    }

    /// A tiny shape of each pooling.
    public static let small: [any OperationCase] = Pooling.allCases.map {
        PoolingCase(batch: 2, tokens: 5, width: 19, range: 1..<5, pooling: $0)
    }

    /// The mean of ViT-B/16's patches.
    public static let base: [any OperationCase] = [
        PoolingCase(batch: 1, tokens: 197, width: 768, range: 1..<197, pooling: .average)
    ]

    /// One operation an element.
    public var work: Work {
        Work(flop: batch * range.count * width, floats: batch * (range.count + 1) * width)
    }

    /// Grows with the root of the number of tokens.
    public var tolerance: Double { randomWalkTolerance(terms: range.count) }

    /// Normal tokens.
    public func prepare<B: Backend>(on backend: B) throws(B.Failure) -> PreparedCase<B> {
        var random = SeededGenerator(seed: UInt64(tokens) << 32 ^ UInt64(width))
        let x = try backend.upload(random.tensor([batch, tokens, width], mean: 0.5))
        return PreparedCase { () throws(B.Failure) in try backend.pool(x, pooling, over: range) }
    }

    /// Sizes, range and kind.
    public var description: String {
        "pooling \(pooling.rawValue) \(batch)×\(tokens)×\(width) over tokens \(range.lowerBound) to \(range.upperBound - 1)"
    }
}
