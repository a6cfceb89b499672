/// How a model wants its pictures: a few geometric steps on bytes, then normalization.
///
/// A recipe is a value. It is made from what a model's own configuration says (see the builders for timm and
/// Hugging Face), applied to pictures, and can explain itself.
package struct Preprocessing: Hashable, Sendable {
    /// One geometric step and why it is there.
    package struct Step: Hashable, Sendable {
        /// What is done.
        package let geometry: Geometry
        /// Where it came from, for `--explain`: the field, its value, and how the size follows from it.
        package let source: String

        /// Makes a step with the reason for it.
        package init(_ geometry: Geometry, source: String) {
            self.geometry = geometry
            self.source = source
        }
    }

    /// What a step does to a picture.
    package enum Geometry: Hashable, Sendable {
        /// Resample the whole picture.
        case resize(ResizeRule, Resampling)
        /// Cut the middle out; where the picture is smaller, fill around it.
        case centerCrop(PixelSize, CropRounding, fill: RGB)
    }

    /// The geometric steps, in order.
    package let steps: [Step]
    /// What happens to the bytes afterwards.
    package let normalization: PixelNormalization

    /// Makes a recipe from its parts.
    package init(steps: [Step], normalization: PixelNormalization) {
        self.steps = steps
        self.normalization = normalization
    }

    /// The size of every picture that the recipe gives; nil where it depends on the picture.
    package var outputSize: PixelSize? {
        switch steps.last?.geometry {
        case .centerCrop(let size, _, _): size
        case .resize(.exactly(let size), _): size
        case .resize, nil: nil
        }
    }
}

// Applying.
extension Preprocessing {
    /// Most pixels that a picture may have between two steps.
    package static let maximumPixels = 1 << 28

    /// Takes a decoded picture through all geometric steps; the bytes are those that the reference library normalizes.
    /// - Throws: `IMG_TOO_LARGE` where a very long and thin picture would become larger than `maximumPixels`.
    package func apply(to picture: Picture) throws(ImageError) -> Picture {
        var picture = picture
        var next = 0
        while next < steps.count {
            switch steps[next].geometry {
            case .resize(let rule, let filter):
                let target = rule.targetSize(for: picture.size)
                let window = windowOfCrop(after: next, in: target)
                if window == nil { try Self.check(target, resizedFrom: picture.size) }
                picture = picture.resized(to: target, filter, window: window)
                next += window == nil ? 1 : 2
            case .centerCrop(let size, let rounding, let fill):
                picture = picture.cropped(to: rounding.rectangle(of: size, in: picture.size), fill: fill)
                next += 1
            }
        }
        return picture
    }

    private static func check(_ target: PixelSize, resizedFrom size: PixelSize) throws(ImageError) {
        guard target.area > maximumPixels else { return }
        throw ImageError(
            .tooLarge, "has \(size) pixels, which the model resizes to \(target), at most \(maximumPixels); crop it")
    }

    /// The part of a resized picture that the next step keeps, where that step is a crop inside it.
    ///
    /// Only this part is then computed: a picture of 1 × 1000 pixels never becomes one of 224 × 224,000.
    private func windowOfCrop(after index: Int, in resized: PixelSize) -> PixelRectangle? {
        guard index + 1 < steps.count, case .centerCrop(let size, let rounding, _) = steps[index + 1].geometry else {
            return nil
        }
        let window = rounding.rectangle(of: size, in: resized)
        return window.isInside(resized) ? window : nil
    }
}
