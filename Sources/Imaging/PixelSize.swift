/// A width and a height in pixels.
package struct PixelSize: Hashable, Sendable {
    /// Columns.
    package let width: Int
    /// Rows.
    package let height: Int

    /// Makes a size from columns and rows, in that order.
    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// Makes a square.
    package init(side: Int) {
        self.init(width: side, height: side)
    }

    /// Width and height exchanged.
    package var transposed: PixelSize { PixelSize(width: height, height: width) }

    /// Number of pixels; `Int.max` where there are more than can be counted.
    package var area: Int {
        let (area, overflows) = width.multipliedReportingOverflow(by: height)
        return overflows ? .max : area
    }
}

extension PixelSize: CustomStringConvertible {
    /// Width first, as pictures are spoken of: `640×480`.
    package var description: String { "\(width)×\(height)" }
}

/// A rectangle in the coordinates of a picture; it may reach beyond the picture's edges.
package struct PixelRectangle: Hashable, Sendable {
    /// Left column; negative where the rectangle starts before the picture.
    package let x: Int
    /// Top row; negative where the rectangle starts above the picture.
    package let y: Int
    /// Extent.
    package let size: PixelSize

    /// Makes a rectangle from its top left corner and its extent.
    package init(x: Int, y: Int, size: PixelSize) {
        self.x = x
        self.y = y
        self.size = size
    }

    /// The whole of a picture of that size.
    package init(whole size: PixelSize) {
        self.init(x: 0, y: 0, size: size)
    }

    /// Whether every pixel of the rectangle lies in a picture of that size.
    package func isInside(_ outer: PixelSize) -> Bool {
        x >= 0 && y >= 0 && x + size.width <= outer.width && y + size.height <= outer.height
    }
}
