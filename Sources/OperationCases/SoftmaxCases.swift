public import Operations

/// A case of `softmax`: rows × classes, with a shift that must not matter.
public struct SoftmaxCase: OperationCase {
    let rows: Int
    let width: Int
    var mean: Float = 0

    /// Softmax.
    public var operation: Operation { .softmax }

    /// Class counts around groups; a mean whose exponential would overflow.
    public static let all: [any OperationCase] =
        [1, 2, 7, 63, 64, 65, 1000].map { SoftmaxCase(rows: 3, width: $0) } + [
            SoftmaxCase(rows: 2, width: 21843), SoftmaxCase(rows: 2, width: 100, mean: 500),
            SoftmaxCase(rows: 2, width: 100, mean: -500),
        ]

    /// Two tiny shapes.
    public static let small: [any OperationCase] = [SoftmaxCase(rows: 2, width: 5), SoftmaxCase(rows: 1, width: 70)]

    /// ImageNet's classes.
    public static let base: [any OperationCase] = [SoftmaxCase(rows: 1, width: 1000)]

    /// Four operations an element.
    public var work: Work { Work(flop: 4 * rows * width, floats: 2 * rows * width) }

    /// Grows with the root of the number of classes.
    public var tolerance: Double { randomWalkTolerance(terms: width) }

    /// Normal scores, three wide.
    public func prepare<B: Backend>(on backend: B) throws(B.Failure) -> PreparedCase<B> {
        var random = SeededGenerator(seed: UInt64(rows) << 32 ^ UInt64(width))
        let x = try backend.upload(random.tensor([rows, width], mean: mean, deviation: 3))
        return PreparedCase { () throws(B.Failure) in try backend.softmax(x) }
    }

    /// Sizes, and mean where it is not 0.
    public var description: String { "softmax \(rows)×\(width)" + (mean == 0 ? "" : " mean \(Int(mean))") }
}
