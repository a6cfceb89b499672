public import Operations

/// How far a result lies from what was expected.
public struct Deviation: Sendable {
    /// max|Δ| / rms(expected); infinite where a value is not finite but should be.
    public let normalized: Double
    /// Where the largest difference is, one index an axis.
    public let worstIndex: [Int]
    /// The value there.
    public let actual: Float
    /// The value that should be there.
    public let expected: Float

    /// Compares a result with what was expected; both must have the same shape.
    public init(_ actual: HostTensor, from expected: HostTensor) {
        precondition(actual.shape == expected.shape, "comparing \(actual.shape) with \(expected.shape)")
        var squares = 0.0
        var (worst, worstAt) = (-1.0, 0)
        for (index, (a, e)) in zip(actual.values, expected.values).enumerated() {
            squares += Double(e) * Double(e)
            let difference = a.isFinite && e.isFinite ? abs(Double(a) - Double(e)) : .infinity
            if difference > worst { (worst, worstAt) = (difference, index) }
        }
        let rms = (squares / Double(max(expected.values.count, 1))).squareRoot()
        normalized = worst <= 0 ? 0 : worst / rms
        worstIndex = Self.coordinates(of: worstAt, in: expected.shape)
        self.actual = actual.values.isEmpty ? 0 : actual.values[worstAt]
        self.expected = expected.values.isEmpty ? 0 : expected.values[worstAt]
    }

    private static func coordinates(of index: Int, in shape: Shape) -> [Int] {
        var rest = index
        return shape.dimensions.reversed().map { length in
            defer { rest /= max(length, 1) }
            return rest % max(length, 1)
        }.reversed()
    }
}

extension Deviation: CustomStringConvertible {
    /// One line: size, place and both values.
    public var description: String { "e = \(normalized) at \(worstIndex): \(actual) instead of \(expected)" }
}
