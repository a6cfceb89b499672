/// The dimensions of a contiguous, row-major tensor, outermost first.
///
/// Dimension letters used everywhere: B batch, T tokens, D width, H heads, C head width, N patches, P patch side,
/// M hidden width of the MLP.
public struct Shape: Hashable, Sendable {
    /// Lengths of the axes; an empty list is a scalar.
    public let dimensions: [Int]

    /// Makes a shape from the lengths of its axes.
    public init(_ dimensions: [Int]) {
        precondition(dimensions.allSatisfy { $0 >= 0 }, "negative dimension in \(dimensions)")
        self.dimensions = dimensions
    }

    /// Number of axes.
    public var rank: Int { dimensions.count }

    /// Number of elements.
    public var count: Int { dimensions.reduce(1, *) }

    /// Length of the innermost axis; 1 for a scalar.
    public var width: Int { dimensions.last ?? 1 }

    /// Number of rows of `width` elements.
    public var rows: Int { dimensions.dropLast().reduce(1, *) }

    /// Length of one axis.
    public subscript(axis: Int) -> Int { dimensions[axis] }

    /// The same shape with another innermost length.
    public func replacingWidth(_ width: Int) -> Shape { Shape(dimensions.dropLast() + [width]) }
}

extension Shape: ExpressibleByArrayLiteral {
    /// Makes a shape from a literal such as `[8, 197, 768]`.
    public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
    /// The dimensions as written in messages: `[8, 197, 768]`.
    public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}
