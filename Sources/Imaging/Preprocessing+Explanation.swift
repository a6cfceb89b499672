extension Preprocessing {
    /// One line of `--explain`.
    package struct ExplainedStep: Hashable, Sendable {
        /// What happens, with sizes: "resize 640×480 → 330×248, bicubic".
        package let action: String
        /// Where it came from.
        package let source: String
        /// The size after the step.
        package let size: PixelSize
    }

    /// What the geometric steps do to a picture of a size, without doing it.
    package func explained(for size: PixelSize) -> [ExplainedStep] {
        var size = size
        return steps.map { step in
            let before = size
            let action: String
            switch step.geometry {
            case .resize(let rule, let filter):
                size = rule.targetSize(for: before)
                action = "resize \(before) → \(size), \(filter.rawValue)"
            case .centerCrop(let target, let rounding, let fill):
                let rectangle = rounding.rectangle(of: target, in: before)
                size = target
                let place = "at (\(rectangle.x), \(rectangle.y))"
                action =
                    rectangle.isInside(before)
                    ? "center crop \(before) → \(size) \(place)"
                    : "center crop \(before) → \(size) \(place), filled with \(fill)"
            }
            return ExplainedStep(action: action, source: step.source, size: size)
        }
    }
}

extension PixelNormalization: CustomStringConvertible {
    /// The formula with its numbers: `(byte / 255 − [0.5, 0.5, 0.5]) / [0.5, 0.5, 0.5]`.
    package var description: String {
        let scaled = scale == 1.0 / 255 ? "byte / 255" : "byte · \(scale)"
        return "(\(scaled) − \(mean)) / \(deviation)"
    }
}
