/// A count of work-items in one to three dimensions, the fastest first.
///
/// A value without an array in it: launches allocate nothing.
package struct NDRange: Sendable, Hashable {
    /// 1, 2 or 3.
    package let dimensions: Int
    /// Work-items in the first dimension.
    package let x: Int
    /// Work-items in the second dimension, 1 where there is none.
    package let y: Int
    /// Work-items in the third dimension, 1 where there is none.
    package let z: Int

    /// A line of work-items.
    package init(_ x: Int) {
        self.init(dimensions: 1, x, 1, 1)
    }

    /// A plane of work-items.
    package init(_ x: Int, _ y: Int) {
        self.init(dimensions: 2, x, y, 1)
    }

    /// A block of work-items.
    package init(_ x: Int, _ y: Int, _ z: Int) {
        self.init(dimensions: 3, x, y, z)
    }

    private init(dimensions: Int, _ x: Int, _ y: Int, _ z: Int) {
        self.dimensions = dimensions
        self.x = x
        self.y = y
        self.z = z
    }

    /// Work-items in all.
    package var count: Int { x * y * z }

    /// The smallest multiple of a work-group size that covers this range.
    package func rounded(upTo local: NDRange) -> NDRange {
        precondition(local.dimensions == dimensions, "a work-group of \(local) does not fit a range of \(self)")
        func up(_ n: Int, _ to: Int) -> Int { (n + to - 1) / to * to }
        return NDRange(dimensions: dimensions, up(x, local.x), up(y, local.y), up(z, local.z))
    }
}

extension NDRange: ExpressibleByArrayLiteral {
    /// One to three numbers in brackets: `[197, 12]`.
    package init(arrayLiteral sizes: Int...) {
        precondition((1...3).contains(sizes.count), "a range has one to three dimensions, not \(sizes.count)")
        func size(_ i: Int) -> Int { i < sizes.count ? sizes[i] : 1 }
        self.init(dimensions: sizes.count, size(0), size(1), size(2))
    }
}

extension NDRange: CustomStringConvertible {
    /// The sizes of its dimensions: `197×12`.
    package var description: String {
        switch dimensions {
        case 1: "\(x)"
        case 2: "\(x)×\(y)"
        default: "\(x)×\(y)×\(z)"
        }
    }
}
