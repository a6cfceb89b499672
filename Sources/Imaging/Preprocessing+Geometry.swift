/// How the size after a resize follows from the size before.
package enum ResizeRule: Hashable, Sendable {
    /// This size, whatever becomes of the proportions ("squash").
    case exactly(PixelSize)
    /// The shorter side to this length, the longer in proportion, rounded down: torchvision's `Resize(int)` and
    /// transformers' `shortest_edge`.
    case shortestSide(Int)
    /// As `shortestSide`, but the longer side to at most `limit`: transformers' `shortest_edge` with `longest_edge`.
    case shortestSideLimited(Int, limit: Int)
    /// Just covers this size in proportion, sides rounded to nearest: timm's `ResizeKeepRatio`.
    case covering(PixelSize)
    /// Just fits into this size in proportion, sides rounded to nearest: timm's `ResizeKeepRatio(longest=1)`.
    case fitting(PixelSize)
    /// Just fits into this size in proportion, sides rounded down: the letterbox of the Keras code.
    case letterboxed(PixelSize)

    /// The size that a picture of `size` gets; no side becomes 0.
    package func targetSize(for size: PixelSize) -> PixelSize {
        let (width, height) = (Double(size.width), Double(size.height))
        switch self {
        case .exactly(let target):
            return target
        case .shortestSide(let length):
            return size.width <= size.height
                ? PixelSize(width: length, height: length * size.height / size.width)
                : PixelSize(width: length * size.width / size.height, height: length)
        case .shortestSideLimited(let length, let limit):
            return Self.limited(size, shortest: length, longest: limit)
        case .covering(let target):
            let ratio = min(height / Double(target.height), width / Double(target.width))
            return Self.rounded(width / ratio, height / ratio)
        case .fitting(let target):
            let ratio = max(height / Double(target.height), width / Double(target.width))
            return Self.rounded(width / ratio, height / ratio)
        case .letterboxed(let target):
            let scale = min(Double(target.width) / width, Double(target.height) / height)
            return PixelSize(width: max(Int(width * scale), 1), height: max(Int(height * scale), 1))
        }
    }

    /// Python's `round`: halves go to the even neighbor.
    private static func rounded(_ width: Double, _ height: Double) -> PixelSize {
        PixelSize(
            width: max(Int(width.rounded(.toNearestOrEven)), 1), height: max(Int(height.rounded(.toNearestOrEven)), 1))
    }

    /// transformers' `get_size_with_aspect_ratio`.
    private static func limited(_ size: PixelSize, shortest: Int, longest: Int) -> PixelSize {
        let (short, long) = (Double(min(size.width, size.height)), Double(max(size.width, size.height)))
        var raw = Double(shortest)
        var length = shortest
        if long / short * Double(shortest) > Double(longest) {
            raw = Double(longest) * short / long
            length = max(Int(raw.rounded(.toNearestOrEven)), 1)
        }
        if min(size.width, size.height) == length { return size }
        let other = max(Int(raw * long / short), 1)
        return size.width < size.height
            ? PixelSize(width: length, height: other) : PixelSize(width: other, height: length)
    }
}

/// Where the middle is when the margin is odd.
package enum CropRounding: Hashable, Sendable {
    /// torchvision's `CenterCrop` and timm's `CenterCropOrPad`: half the margin rounded to nearest even when cutting,
    /// rounded down when filling.
    case torchvision
    /// transformers' `center_crop`: half the margin rounded down when cutting, up when filling.
    case huggingFace

    /// The rectangle of `size` in the middle of a picture of `outer`.
    package func rectangle(of size: PixelSize, in outer: PixelSize) -> PixelRectangle {
        PixelRectangle(
            x: origin(of: size.width, in: outer.width), y: origin(of: size.height, in: outer.height), size: size)
    }

    private func origin(of length: Int, in outer: Int) -> Int {
        let margin = outer - length
        switch self {
        case .torchvision:
            return margin < 0 ? -(-margin / 2) : Int((Double(margin) / 2).rounded(.toNearestOrEven))
        case .huggingFace:
            return margin < 0 ? -((1 - margin) / 2) : margin / 2
        }
    }
}

extension Preprocessing {
    /// The same steps to a picture `factor` times as large on each side: for people, who see more than the model does.
    package func enlarged(by factor: Int) -> Preprocessing {
        Preprocessing(
            steps: steps.map { step in
                let geometry: Geometry =
                    switch step.geometry {
                    case .resize(let rule, let filter): .resize(rule.enlarged(by: factor), filter)
                    case .centerCrop(let size, let rounding, let fill):
                        .centerCrop(size.enlarged(by: factor), rounding, fill: fill)
                    }
                return Step(geometry, source: step.source)
            }, normalization: normalization)
    }
}

extension ResizeRule {
    fileprivate func enlarged(by factor: Int) -> ResizeRule {
        switch self {
        case .exactly(let size): .exactly(size.enlarged(by: factor))
        case .shortestSide(let length): .shortestSide(length * factor)
        case .shortestSideLimited(let length, let limit): .shortestSideLimited(length * factor, limit: limit * factor)
        case .covering(let size): .covering(size.enlarged(by: factor))
        case .fitting(let size): .fitting(size.enlarged(by: factor))
        case .letterboxed(let size): .letterboxed(size.enlarged(by: factor))
        }
    }
}

extension PixelSize {
    fileprivate func enlarged(by factor: Int) -> PixelSize { PixelSize(width: width * factor, height: height * factor) }
}
