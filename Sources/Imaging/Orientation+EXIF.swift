extension Orientation {
    /// The orientation that the EXIF block of a JPEG (APP1), PNG (eXIf) or WebP (EXIF) states.
    ///
    /// A block that is absent, damaged or says something else than 1 to 8 is ignored: the picture is taken as it is
    /// stored, as browsers and Pillow take it.
    package static func stated(in bytes: [UInt8], format: PictureFormat) -> Orientation {
        for block in MetadataBlocks(bytes, format: format).exif {
            if let orientation = Orientation(exif: bytes[block]) { return orientation }
        }
        return .up
    }

    /// Reads an EXIF block: a TIFF header, then the first directory; nothing is followed any further.
    init?(exif block: ArraySlice<UInt8>) {
        let prefix: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]  // "Exif\0\0", which JPEG has and the others may have.
        let tiff = block.starts(with: prefix) ? block.dropFirst(prefix.count) : block
        let isLittleEndian: Bool
        if tiff.starts(with: [0x49, 0x49, 42, 0]) {
            isLittleEndian = true
        } else if tiff.starts(with: [0x4D, 0x4D, 0, 42]) {
            isLittleEndian = false
        } else {
            return nil
        }
        let reader = TIFFReader(bytes: tiff, isLittleEndian: isLittleEndian)
        guard let directory = reader.unsigned(at: 4, bytes: 4), let count = reader.unsigned(at: directory, bytes: 2)
        else { return nil }
        for entry in 0..<count {
            let start = directory + 2 + entry * 12
            guard let tag = reader.unsigned(at: start, bytes: 2), let type = reader.unsigned(at: start + 2, bytes: 2),
                let values = reader.unsigned(at: start + 4, bytes: 4)
            else { return nil }
            guard tag == 0x0112 else { continue }
            let width = [1: 1, 3: 2, 4: 4][type]  // BYTE, SHORT, LONG
            guard values == 1, let width, let value = reader.unsigned(at: start + 8, bytes: width) else { return nil }
            self.init(rawValue: value)
            return
        }
        return nil
    }
}

/// Unsigned integers of a TIFF structure, nil beyond its end.
private struct TIFFReader {
    let bytes: ArraySlice<UInt8>
    let isLittleEndian: Bool

    func unsigned(at offset: Int, bytes count: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - count else { return nil }
        let field = bytes[bytes.startIndex + offset..<bytes.startIndex + offset + count]
        let inOrder = isLittleEndian ? Array(field.reversed()) : Array(field)
        return inOrder.reduce(0) { $0 << 8 | Int($1) }
    }
}
