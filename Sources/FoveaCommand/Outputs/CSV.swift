import Fovea

/// Comma-separated values by RFC 4180, lines ended by a line feed alone.
enum CSV {
    /// One record.
    static func line(_ fields: [String]) -> String { fields.map(quoted).joined(separator: ",") + "\n" }

    private static let special: Set<UInt8> = [
        UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"),
    ]

    private static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: special.contains) else { return field }
        return "\"" + field.unicodeScalars.reduce(into: "") { $0 += $1 == "\"" ? "\"\"" : String($1) } + "\""
    }
}

/// A record that was read.
struct CSVRecord {
    /// The fields, unquoted.
    let fields: [String]
    /// How long the record is, with its line feed.
    let byteCount: Int

    /// Reads the next record; nil after the last whole one.
    init?(_ lines: LineReader) throws(FoveaError) {
        var bytes: [UInt8] = []
        repeat {
            // A line feed inside quotes is a part of the field.
            guard let line = try lines.nextLine(), line.last == UInt8(ascii: "\n") else { return nil }
            bytes += line
        } while bytes.count(where: { $0 == UInt8(ascii: "\"") }) % 2 == 1
        byteCount = bytes.count
        fields = Self.split(bytes.dropLast()).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The same, which must have a number of fields.
    init?(_ lines: LineReader, fields count: Int) throws(FoveaError) {
        try self.init(lines)
        guard fields.count == count else {
            throw FoveaError(.output, code: "OUT_PARTIAL", "a line has \(fields.count) fields, not \(count)")
        }
    }

    private static func split(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
        var (fields, field, isQuoted) = ([[UInt8]](), [UInt8](), false)
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == UInt8(ascii: "\"") {
                // The second of two quotes stands for one.
                if !isQuoted, previous == byte { field.append(byte) }
                isQuoted.toggle()
            } else if byte == UInt8(ascii: ","), !isQuoted {
                fields.append(field)
                field = []
            } else {
                field.append(byte)
            }
            previous = byte
        }
        return fields + [field]
    }
}
