/// How a stored picture must be turned to stand upright: the values of the EXIF tag Orientation (CIPA DC-008).
package enum Orientation: Int, Sendable, CaseIterable {
    /// As stored.
    case up = 1
    /// Mirrored left to right.
    case upMirrored = 2
    /// Turned by 180 degrees.
    case down = 3
    /// Mirrored top to bottom.
    case downMirrored = 4
    /// Mirrored along the main diagonal.
    case leftMirrored = 5
    /// To be turned by 90 degrees clockwise.
    case right = 6
    /// Mirrored along the other diagonal.
    case rightMirrored = 7
    /// To be turned by 90 degrees counter-clockwise.
    case left = 8

    /// Whether turning exchanges width and height.
    package var transposes: Bool { rawValue >= 5 }

    /// Where the upright picture's pixels are in the stored one: first pixel, step to the right, step down, in pixels.
    fileprivate func path(through stored: PixelSize) -> (start: Int, right: Int, down: Int) {
        let (w, h) = (stored.width, stored.height)
        return switch self {
        case .up: (0, 1, w)
        case .upMirrored: (w - 1, -1, w)
        case .down: (w * h - 1, -1, -w)
        case .downMirrored: (w * (h - 1), 1, -w)
        case .leftMirrored: (0, w, 1)
        case .right: (w * (h - 1), -w, 1)
        case .rightMirrored: (w * h - 1, -w, -1)
        case .left: (w - 1, w, -1)
        }
    }
}

extension Picture {
    /// The picture turned upright, as Pillow's `ImageOps.exif_transpose` does it.
    package func turned(_ orientation: Orientation) -> Picture {
        if orientation == .up { return self }
        let target = orientation.transposes ? size.transposed : size
        let path = orientation.path(through: size)
        let block = 64  // Columns at a time, so that reading down the stored picture stays in the cache.
        let turned = [UInt8](unsafeUninitializedCapacity: bytes.count) { result, count in
            bytes.withUnsafeBufferPointer { source in
                for left in stride(from: 0, to: target.width, by: block) {
                    for y in 0..<target.height {
                        var to = 3 * (y * target.width + left)
                        var from = 3 * (path.start + y * path.down + left * path.right)
                        for _ in left..<min(left + block, target.width) {
                            result[to] = source[from]
                            result[to + 1] = source[from + 1]
                            result[to + 2] = source[from + 2]
                            to += 3
                            from += 3 * path.right
                        }
                    }
                }
            }
            count = bytes.count
        }
        return Picture(size: target, bytes: turned)
    }
}
