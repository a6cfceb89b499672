extension UTF8 {
    /// The offset of the first byte that is not part of a well-formed sequence; nil where all is UTF-8.
    ///
    /// Well-formed as the Unicode Standard's table 3-7 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
    package static func firstMalformedOffset(in bytes: [UInt8]) -> Int? {
        var position = 0
        while position < bytes.count {
            let lead = bytes[position]
            if lead < 0x80 {
                position += 1
                continue
            }
            guard let (length, second) = sequence(after: lead), position + length <= bytes.count,
                second.contains(bytes[position + 1]),
                bytes[(position + 2)..<(position + length)].allSatisfy({ (0x80...0xBF).contains($0) })
            else { return position }
            position += length
        }
        return nil
    }

    /// How many bytes a sequence has by its first one, and what its second may be.
    private static func sequence(after lead: UInt8) -> (length: Int, second: ClosedRange<UInt8>)? {
        switch lead {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: nil
        }
    }
}
