extension Picture {
    /// The picture at another size, byte for byte what `Image.resize` of Pillow 13 gives.
    ///
    /// Two passes, mostly first along the rows and then along the columns, each rounded to 8 bits. A picture of that
    /// size already is returned as it is.
    /// - Parameters:
    ///   - target: the size of the whole resized picture, each side at least 1.
    ///   - window: the part of the resized picture that is wanted, inside `target`; only this part is computed. Nil
    ///     for the whole.
    package func resized(to target: PixelSize, _ filter: Resampling, window: PixelRectangle? = nil) -> Picture {
        let window = window ?? PixelRectangle(whole: target)
        precondition(target.width > 0 && target.height > 0, "resizing to \(target), which has no pixels")
        precondition(window.isInside(target) && window.size.area > 0, "window \(window) of \(target)")
        if target == size { return cropped(to: window) }
        let columns = window.x..<window.x + window.size.width
        let rows = window.y..<window.y + window.size.height
        if filter == .nearest { return picked(columns: columns, rows: rows, of: target) }
        // A side that keeps its length is not filtered.
        let across =
            target.width == width ? nil : ResamplingTable(from: width, to: target.width, range: columns, filter: filter)
        let down =
            target.height == height
            ? nil : ResamplingTable(from: height, to: target.height, range: rows, filter: filter)
        // Where the height shrinks most, Pillow (since 13) takes the columns first, which shows in the last bit.
        if height > target.height && height - target.height > 2 * (width - target.width) {
            return rectangle(across?.sourceRange ?? columns, 0..<height).weighed(down: down, from: 0)
                .weighed(across: across, from: across?.sourceRange.lowerBound ?? 0)
        }
        let used = down?.sourceRange ?? rows
        let strip = across == nil ? rectangle(columns, used) : rectangle(0..<width, used)
        return strip.weighed(across: across, from: 0).weighed(down: down, from: used.lowerBound)
    }

    private func rectangle(_ columns: Range<Int>, _ rows: Range<Int>) -> Picture {
        cropped(
            to: PixelRectangle(
                x: columns.lowerBound, y: rows.lowerBound, size: PixelSize(width: columns.count, height: rows.count)))
    }
}

// Filtering. Every index of the unsafe buffers is a sum of a row start and a table position, and the tables hold
// positions below the length of their axis only: `start + count` is cut there when a table is made.
extension Picture {
    private static let half = Int32(1) << (ResamplingTable.fractionBits - 1)

    /// Each row becomes as many weighted means as the table has positions; column 0 here is the table's `origin`.
    private func weighed(across table: ResamplingTable?, from origin: Int) -> Picture {
        guard let table else { return self }
        precondition(table.sourceRange.lowerBound >= origin && table.sourceRange.upperBound <= origin + width)
        let target = PixelSize(width: table.starts.count, height: height)
        let filtered = [UInt8](unsafeUninitializedCapacity: target.area * 3) { result, initialized in
            bytes.withUnsafeBufferPointer { source in
                table.withUnsafeBuffers { starts, counts, weights in
                    for y in 0..<height {
                        let row = y * width - origin
                        for x in 0..<target.width {
                            let first = (row + starts[x]) * 3
                            let weight = x * table.stride
                            var (red, green, blue) = (Self.half, Self.half, Self.half)
                            for i in 0..<counts[x] {
                                let w = weights[weight + i]
                                let pixel = first + 3 * i
                                red &+= Int32(source[pixel]) &* w
                                green &+= Int32(source[pixel + 1]) &* w
                                blue &+= Int32(source[pixel + 2]) &* w
                            }
                            let place = (y * target.width + x) * 3
                            result[place] = Self.byte(red)
                            result[place + 1] = Self.byte(green)
                            result[place + 2] = Self.byte(blue)
                        }
                    }
                }
            }
            initialized = target.area * 3
        }
        return Picture(size: target, bytes: filtered)
    }

    /// Each column becomes as many weighted means as the table has positions; row 0 here is the table's `origin`.
    private func weighed(down table: ResamplingTable?, from origin: Int) -> Picture {
        guard let table else { return self }
        precondition(table.sourceRange.lowerBound >= origin && table.sourceRange.upperBound <= origin + height)
        let target = PixelSize(width: width, height: table.starts.count)
        let rowBytes = width * 3
        var sums = [Int32](repeating: 0, count: rowBytes)
        let filtered = [UInt8](unsafeUninitializedCapacity: target.area * 3) { result, initialized in
            bytes.withUnsafeBufferPointer { source in
                sums.withUnsafeMutableBufferPointer { sums in
                    for y in 0..<target.height {
                        sums.update(repeating: Self.half)
                        for i in 0..<table.counts[y] {
                            let w = table.weights[y * table.stride + i]
                            let row = (table.starts[y] - origin + i) * rowBytes
                            for x in 0..<rowBytes { sums[x] &+= Int32(source[row + x]) &* w }
                        }
                        for x in 0..<rowBytes { result[y * rowBytes + x] = Self.byte(sums[x]) }
                    }
                }
            }
            initialized = target.area * 3
        }
        return Picture(size: target, bytes: filtered)
    }

    /// Drops the bits after the point and cuts to 0...255.
    private static func byte(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(max(sum >> ResamplingTable.fractionBits, 0), 255))
    }
}

extension Picture {
    /// The pixels under the centers of the target's pixels.
    private func picked(columns: Range<Int>, rows: Range<Int>, of target: PixelSize) -> Picture {
        let xs = Self.positions(from: width, to: target.width)[columns]
        let ys = Self.positions(from: height, to: target.height)[rows]
        var picked: [UInt8] = []
        picked.reserveCapacity(columns.count * rows.count * 3)
        for y in ys {
            for x in xs {
                let start = (y * width + x) * 3
                picked.append(bytes[start])
                picked.append(bytes[start + 1])
                picked.append(bytes[start + 2])
            }
        }
        return Picture(size: PixelSize(width: columns.count, height: rows.count), bytes: picked)
    }

    /// The step is added up, not multiplied: Pillow rounds so.
    private static func positions(from source: Int, to target: Int) -> [Int] {
        let step = Double(source) / Double(target)
        var position = step * 0.5
        return (0..<target).map { _ in
            defer { position += step }
            return min(Int(position), source - 1)
        }
    }
}
