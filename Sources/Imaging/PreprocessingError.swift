/// Why the values of a configuration make no recipe.
package struct PreprocessingError: Error, Hashable, Sendable {
    /// A stable name for each kind of failure; scripts and tests may rely on the raw values.
    package enum Code: String, Sendable, CaseIterable {
        /// A mean or deviation that cannot be used.
        case normalization = "CFG_NORM"
        /// A size or share outside its range.
        case range = "CFG_LIMIT"
    }

    /// The kind of failure.
    package let code: Code
    /// One sentence: what was found, against what is allowed, and what to do next.
    package let message: String

    static func range(_ name: String, _ value: some CustomStringConvertible, allowed: String) -> PreprocessingError {
        PreprocessingError(
            code: .range, message: "\(name) is \(value), allowed is \(allowed); correct the configuration")
    }
}

extension PreprocessingError: CustomStringConvertible {
    /// The message.
    package var description: String { message }
}

// The ranges that every recipe keeps to, so that no configuration can ask for absurd amounts of memory.
extension Preprocessing {
    /// Longest side that a model may read or a picture may be resized to by its shorter side.
    package static let maximumSide = 8192

    static func check(side: Int, _ name: String) throws(PreprocessingError) {
        guard (1...maximumSide).contains(side) else { throw .range(name, side, allowed: "1 to \(maximumSide)") }
    }

    static func check(size: PixelSize, _ name: String) throws(PreprocessingError) {
        try check(side: size.width, "width of \(name)")
        try check(side: size.height, "height of \(name)")
    }

    /// The size to which a picture is resized so that a share of it is `size`: each side over the share, rounded down.
    ///
    /// Throws `CFG_LIMIT` where a side or the share is out of range.
    package static func enlarged(_ size: PixelSize, over share: Double) throws(PreprocessingError) -> PixelSize {
        try check(size: size, "the input size")
        guard share > 0, share.isFinite else { throw .range("crop_pct", share, allowed: "above 0") }
        let (width, height) = (
            (Double(size.width) / share).rounded(.down), (Double(size.height) / share).rounded(.down)
        )
        guard min(width, height) >= 1, max(width, height) <= Double(maximumSide) else {
            throw .range("crop_pct", share, allowed: "what makes sides of 1 to \(maximumSide) from \(size)")
        }
        return PixelSize(width: Int(width), height: Int(height))
    }
}
