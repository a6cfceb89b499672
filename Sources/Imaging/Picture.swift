/// A decoded picture: red, green and blue bytes, rows from the top, no padding.
package struct Picture: Hashable, Sendable {
    /// Columns and rows, each at least 1.
    package let size: PixelSize
    /// `size.height · size.width · 3` bytes, red first.
    package let bytes: [UInt8]

    /// Wraps bytes that already lie in `[height, width, 3]` order.
    package init(size: PixelSize, bytes: [UInt8]) {
        precondition(size.width > 0 && size.height > 0, "a picture of \(size) has no pixels")
        precondition(bytes.count == size.area * 3, "\(bytes.count) bytes for a picture of \(size)")
        self.size = size
        self.bytes = bytes
    }

    /// Columns.
    package var width: Int { size.width }
    /// Rows.
    package var height: Int { size.height }

    /// The red, green and blue bytes of one pixel.
    package subscript(x x: Int, y y: Int) -> RGB {
        precondition(x >= 0 && x < width && y >= 0 && y < height, "pixel (\(x), \(y)) of a picture of \(size)")
        let start = (y * width + x) * 3
        return RGB(red: bytes[start], green: bytes[start + 1], blue: bytes[start + 2])
    }
}

/// One color of 8 bits a channel.
package struct RGB: Hashable, Sendable {
    /// Red, 0 to 255.
    package let red: UInt8
    /// Green, 0 to 255.
    package let green: UInt8
    /// Blue, 0 to 255.
    package let blue: UInt8

    /// Makes a color from its three channels.
    package init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// Makes a gray.
    package init(gray: UInt8) {
        self.init(red: gray, green: gray, blue: gray)
    }

    /// All channels 0.
    package static let black = RGB(gray: 0)
}

extension RGB: CustomStringConvertible {
    /// The channels as written in messages: `(124, 116, 104)`.
    package var description: String { "(\(red), \(green), \(blue))" }
}
