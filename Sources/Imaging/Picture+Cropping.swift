extension Picture {
    /// The pixels of a rectangle; what lies beyond the edges is filled.
    ///
    /// - Parameters:
    ///   - rectangle: in pixels of this picture, at least one pixel large; it may reach beyond the edges or miss them.
    ///   - fill: the color of what lies outside.
    package func cropped(to rectangle: PixelRectangle, fill: RGB = .black) -> Picture {
        if rectangle == PixelRectangle(whole: size) { return self }
        let target = rectangle.size
        let columns = max(rectangle.x, 0)..<max(min(rectangle.x + target.width, width), max(rectangle.x, 0))
        var result: [UInt8] = []
        result.reserveCapacity(target.area * 3)
        for y in rectangle.y..<rectangle.y + target.height {
            guard y >= 0, y < height, !columns.isEmpty else {
                result.append(fill, count: target.width)
                continue
            }
            result.append(fill, count: columns.lowerBound - rectangle.x)
            let row = y * width
            result.append(contentsOf: bytes[(row + columns.lowerBound) * 3..<(row + columns.upperBound) * 3])
            result.append(fill, count: rectangle.x + target.width - columns.upperBound)
        }
        return Picture(size: target, bytes: result)
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ color: RGB, count: Int) {
        for _ in 0..<count {
            append(color.red)
            append(color.green)
            append(color.blue)
        }
    }
}
