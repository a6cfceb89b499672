/// Little-endian numbers at given places of some bytes; nil where the bytes end before the number does.
struct ByteFields {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var count: Int { bytes.count }

    func unsigned16(at offset: Int) -> Int? { number(at: offset, length: 2).map { Int($0) } }

    func unsigned32(at offset: Int) -> Int? { number(at: offset, length: 4).map { Int($0) } }

    func unsigned64(at offset: Int) -> UInt64? { number(at: offset, length: 8) }

    /// The bytes of a field; nil where there are not so many.
    func field(at offset: Int, length: Int) -> ArraySlice<UInt8>? {
        guard offset >= 0, length >= 0, length <= bytes.count, offset <= bytes.count - length else { return nil }
        return bytes[offset..<(offset + length)]
    }

    private func number(at offset: Int, length: Int) -> UInt64? {
        field(at: offset, length: length)?.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
