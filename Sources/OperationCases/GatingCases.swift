public import Operations

/// A case of `gate`: rows × width of the result.
public struct GatingCase: OperationCase {
    let rows: Int
    let width: Int
    var activation = Activation.silu
    /// Standard deviation of the gates and values.
    var deviation: Float = 1

    /// Gating.
    public var operation: Operation { .gating }

    /// Every activation, and far out, where they are 0 or their argument; widths around vectors.
    public static let all: [any OperationCase] =
        Activation.allCases.flatMap { activation in
            [1, 8].map { GatingCase(rows: 5, width: 37, activation: activation, deviation: $0) }
        }
        + [1, 15, 16, 17, 64, 683].map { GatingCase(rows: 3, width: $0) }

    /// Two tiny shapes.
    public static let small: [any OperationCase] = [GatingCase(rows: 2, width: 5), GatingCase(rows: 3, width: 16)]

    /// The gate of DINOv2's giant, one picture.
    public static let base: [any OperationCase] = [GatingCase(rows: 257, width: 4096)]

    /// Two operations and three moves an element.
    public var work: Work { Work(flop: 2 * rows * width, floats: 3 * rows * width) }

    /// One product; the activation's own error.
    public var tolerance: Double { randomWalkTolerance(terms: 1) }

    /// Normal gates and values.
    public func prepare<B: Backend>(on backend: B) throws(B.Failure) -> PreparedCase<B> {
        var random = SeededGenerator(seed: UInt64(rows) << 32 ^ UInt64(width))
        let x = try backend.upload(random.tensor([rows, 2 * width], deviation: deviation))
        return PreparedCase { () throws(B.Failure) in try backend.gate(x, activation) }
    }

    /// Sizes, activation and deviation.
    public var description: String {
        "gating \(rows)×\(width) by \(activation.rawValue)\(deviation == 1 ? "" : ", deviation \(deviation)")"
    }
}
