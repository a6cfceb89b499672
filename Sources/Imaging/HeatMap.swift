/// A grid of values that lies over a picture: one value a patch.
package struct HeatMap: Sendable, Hashable {
    /// Rows of the grid.
    package let rows: Int
    /// Columns of the grid.
    package let columns: Int
    /// `rows · columns` values, row by row.
    package let values: [Float]

    /// Wraps values that already lie row by row.
    package init(rows: Int, columns: Int, values: [Float]) {
        precondition(rows > 0 && columns > 0 && values.count == rows * columns, "\(values.count) of \(rows)×\(columns)")
        (self.rows, self.columns, self.values) = (rows, columns, values)
    }

    /// The map over a picture in gray: its least value violet, its largest yellow.
    ///
    /// Between the middles of patches values are interpolated; a map whose values are all the same is violet.
    package func laid(over picture: Picture) -> Picture {
        let levels = scaled.resized(to: picture.size, .bicubic).bytes
        let colors = (0...255).map { ColorMap.viridis(Double($0) / 255) }
        let bytes = [UInt8](unsafeUninitializedCapacity: picture.bytes.count) { target, count in
            for start in stride(from: 0, to: picture.bytes.count, by: 3) {
                let (red, green, blue) = (picture.bytes[start], picture.bytes[start + 1], picture.bytes[start + 2])
                // Luma of ITU-R BT.601: gray below, so that every color seen is the map's.
                let gray = 0.299 * Double(red) + 0.587 * Double(green) + 0.114 * Double(blue)
                let color = colors[Int(levels[start])]
                func mixed(_ channel: UInt8) -> UInt8 {
                    UInt8((Self.opacity * Double(channel) + (1 - Self.opacity) * gray).rounded())
                }
                target[start] = mixed(color.red)
                target[start + 1] = mixed(color.green)
                target[start + 2] = mixed(color.blue)
            }
            count = picture.bytes.count
        }
        return Picture(size: picture.size, bytes: bytes)
    }

    /// How much of the map is seen; the rest is the picture.
    private static let opacity = 0.6

    /// The map as a gray picture, a pixel a patch, from black for the least value to white for the largest.
    private var scaled: Picture {
        let finite = values.filter(\.isFinite)
        let (low, high) = (finite.min() ?? 0, finite.max() ?? 0)
        // In Double, which holds the range of any two Floats; the largest value is exactly 1 of it.
        let range = Double(high) - Double(low)
        let levels = values.map { $0.isFinite && range > 0 ? UInt8(255 * ((Double($0) - Double(low)) / range)) : 0 }
        return Picture(size: PixelSize(width: columns, height: rows), bytes: levels.flatMap { [$0, $0, $0] })
    }
}

extension Picture {
    /// Pictures of one size in rows, with white gaps between them.
    package static func sheet(_ pictures: [[Picture]], gap: Int = 4) -> Picture {
        let (size, columns) = (pictures[0][0].size, pictures[0].count)
        let sheet = PixelSize(
            width: columns * (size.width + gap) - gap, height: pictures.count * (size.height + gap) - gap)
        var bytes = [UInt8](repeating: 255, count: sheet.area * 3)
        for (row, line) in pictures.enumerated() {
            precondition(line.count == columns && line.allSatisfy { $0.size == size }, "a sheet needs one size")
            for (column, picture) in line.enumerated() {
                for y in 0..<size.height {
                    let target = ((row * (size.height + gap) + y) * sheet.width + column * (size.width + gap)) * 3
                    let source = y * size.width * 3
                    bytes.replaceSubrange(
                        target..<target + size.width * 3, with: picture.bytes[source..<source + size.width * 3])
                }
            }
        }
        return Picture(size: sheet, bytes: bytes)
    }
}
