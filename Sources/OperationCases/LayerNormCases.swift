public import Operations

/// A case of `layerNorm`: rows × width, around a mean that may be large.
public struct LayerNormCase: OperationCase {
    let rows: Int
    let width: Int
    var mean: Float = 0
    var epsilon: Float = 1e-6
    var isRootMeanSquare = false
    /// Rows of a residual that is added; nil for none.
    var residualRows: Int?

    /// A layer norm.
    public var operation: Operation { .layerNorm }

    /// Widths around vectors and groups; means up to 5000 times the deviation; the four epsilons of the models.
    public static let all: [any OperationCase] =
        [1, 3, 15, 16, 17, 48, 63, 65, 192, 255, 257, 384, 768, 1280].map { LayerNormCase(rows: 5, width: $0) }
        + [1, 10, 100, 1000, 5000].map { LayerNormCase(rows: 3, width: 768, mean: $0) }
        + [1e-12, 1e-8, 1e-5].map { LayerNormCase(rows: 2, width: 193, epsilon: $0) }
        + [LayerNormCase(rows: 197, width: 192), LayerNormCase(rows: 1, width: 1024)]
        + [3, 64, 193, 1280].map { LayerNormCase(rows: 5, width: $0, mean: 0.5, isRootMeanSquare: true) }
        + [
            LayerNormCase(rows: 6, width: 70, residualRows: 6), LayerNormCase(rows: 6, width: 48, residualRows: 3),
            LayerNormCase(rows: 4, width: 31, isRootMeanSquare: true, residualRows: 2),
        ]

    /// Four tiny shapes.
    public static let small: [any OperationCase] = [
        LayerNormCase(rows: 2, width: 7), LayerNormCase(rows: 3, width: 32),
        LayerNormCase(rows: 1, width: 67, mean: 100),
        LayerNormCase(rows: 4, width: 21, isRootMeanSquare: true, residualRows: 2),
    ]

    /// The norm of ViT-B/16.
    public static let base: [any OperationCase] = [LayerNormCase(rows: 197, width: 768)]

    /// Ten operations and two moves an element.
    public var work: Work { Work(flop: 10 * rows * width, floats: 2 * rows * width) }

    /// Grows with the root of the width; the mean must not matter, beyond the rounding that its values share.
    public var tolerance: Double { randomWalkTolerance(terms: width) }

    /// Rows of deviation 1 around the mean.
    public func prepare<B: Backend>(on backend: B) throws(B.Failure) -> PreparedCase<B> {
        var random = SeededGenerator(seed: UInt64(rows) << 32 ^ UInt64(width))
        let x = try backend.upload(random.tensor([rows, width], mean: mean))
        let norm = try backend.prepare(
            LayerNormParameters(
                scale: random.values(width, mean: 1, deviation: 0.2), shift: random.values(width), epsilon: epsilon,
                isRootMeanSquare: isRootMeanSquare))
        let residualValues = residualRows.map { random.tensor([$0, width]) }
        let residual = try residualValues.map { (values) throws(B.Failure) in try backend.upload(values) }
        return PreparedCase { () throws(B.Failure) in try backend.layerNorm(x, norm, adding: residual) }
    }

    /// Sizes, mean and ε where it is not the usual one.
    public var description: String {
        "layer norm \(rows)×\(width)" + (mean == 0 ? "" : " mean \(Int(mean))")
            + (epsilon == 1e-6 ? "" : " ε \(epsilon)") + (isRootMeanSquare ? " RMS" : "")
            + (residualRows.map { " + \($0) rows" } ?? "")
    }
}
