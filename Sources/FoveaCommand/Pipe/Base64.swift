/// The encoding of bytes as text of RFC 4648, read strictly: padded, without white space.
enum Base64 {
    /// The bytes of a text, or where in it, counted in bytes from 0, it is no such encoding.
    static func decode(_ text: String) -> Result<[UInt8], Malformed> {
        let digits = Array(text.utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3)
        let padding = digits.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        var (group, count): (UInt32, Int) = (0, 0)
        for (offset, digit) in digits.dropLast(padding).enumerated() {
            let value = values[Int(digit)]
            guard value < 64 else { return .failure(Malformed(offset: offset)) }
            group = group << 6 | UInt32(value)
            count += 1
            guard count == 4 else { continue }
            bytes += [UInt8(group >> 16), UInt8(group >> 8 & 0xFF), UInt8(group & 0xFF)]
            (group, count) = (0, 0)
        }
        guard (count + padding) % 4 == 0, count != 1 else { return .failure(Malformed(offset: digits.count)) }
        if count == 3 { bytes += [UInt8(group >> 10), UInt8(group >> 2 & 0xFF)] }
        if count == 2 { bytes.append(UInt8(group >> 4)) }
        return .success(bytes)
    }

    /// A text that is no such encoding.
    struct Malformed: Error {
        let offset: Int
    }

    /// The value of each byte; 64 for what is no digit.
    private static let values: [UInt8] = {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var values = [UInt8](repeating: 64, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()
}
