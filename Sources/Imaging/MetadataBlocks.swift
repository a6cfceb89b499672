/// What lies around the pixels in a file: EXIF blocks, and whether there is more than one picture.
///
/// Reads lengths and tags only; stops at the first thing that makes no sense.
struct MetadataBlocks {
    /// Where EXIF blocks lie, in file order.
    private(set) var exif: [Range<Int>] = []
    /// What kind of sequence the file is, such as "an animated PNG"; nil for a single picture.
    private(set) var sequence: String?

    init(_ bytes: [UInt8], format: PictureFormat) {
        switch format {
        case .jpeg: readSegments(of: bytes)
        case .png: readChunks(of: bytes)
        case .webP: readRIFF(of: bytes)
        }
    }

    /// JPEG: marker segments up to the first scan.
    private mutating func readSegments(of bytes: [UInt8]) {
        var position = 2
        while position + 4 <= bytes.count, bytes[position] == 0xFF {
            let marker = bytes[position + 1]
            if marker == 0xFF {  // A fill byte.
                position += 1
                continue
            }
            if marker == 0xDA || marker == 0xD9 { return }
            let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
            let payload = position + 4..<position + 2 + max(length, 2)
            guard payload.upperBound <= bytes.count else { return }
            if marker == 0xE1, bytes[payload].starts(with: "Exif\0\0".utf8) { exif.append(payload) }
            if marker == 0xE2, bytes[payload].starts(with: "MPF\0".utf8) { sequence = "a multi-picture JPEG" }
            position = payload.upperBound
        }
    }

    /// PNG: big-endian length, type, payload, checksum.
    private mutating func readChunks(of bytes: [UInt8]) {
        var position = 8
        while position + 12 <= bytes.count {
            let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            let payload = position + 8..<position + 8 + length
            guard payload.upperBound + 4 <= bytes.count else { return }
            let type = bytes[position + 4..<position + 8]
            if type.elementsEqual("eXIf".utf8) { exif.append(payload) }
            if type.elementsEqual("acTL".utf8) { sequence = "an animated PNG" }
            position = payload.upperBound + 4
        }
    }

    /// WebP: type, little-endian length, payload, padding to an even length.
    private mutating func readRIFF(of bytes: [UInt8]) {
        var position = 12
        while position + 8 <= bytes.count {
            let length = bytes[position + 4..<position + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
            let payload = position + 8..<position + 8 + length
            guard payload.upperBound <= bytes.count else { return }
            let type = bytes[position..<position + 4]
            if type.elementsEqual("EXIF".utf8) { exif.append(payload) }
            if type.elementsEqual("ANMF".utf8) { sequence = "an animated WebP" }
            position = payload.upperBound + length % 2
        }
    }
}
