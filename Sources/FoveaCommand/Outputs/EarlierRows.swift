import Checkpoints
import Fovea

/// The rows that an interrupted `classify` has left in its partial file, for `--resume` to go on behind.
struct EarlierRows {
    /// The pictures that have a whole row, in order.
    private(set) var names: [String] = []
    /// How many of them failed.
    private(set) var failures = 0
    /// How long the whole rows are; what stands behind them was torn.
    private(set) var byteCount = 0

    /// Reads the rows of a partial file; throws category `output` where it holds something else.
    init(_ path: String, _ format: ClassificationFormat) throws(FoveaError) {
        do {
            let lines = try LineReader(path)
            switch format {
            case .csv: try readRecords(lines)
            default: try readObjects(lines)
            }
        } catch {
            throw FoveaError(
                .output, code: "OUT_PARTIAL", "\(error.message): cannot go on with \(path); remove it and start anew")
        }
    }

    private mutating func readObjects(_ lines: LineReader) throws(FoveaError) {
        while let line = try lines.next(), line.last == UInt8(ascii: "\n") {
            guard let row = try? JSON(parsing: line), let name = row["input"]?.string else {
                throw Self.foreign("line \(names.count + 1) is no row of jsonl")
            }
            append(name, failed: row["error"] != nil)
            byteCount += line.count
        }
    }

    /// A picture's predictions are whole once another picture follows; a failed one has a single record.
    private mutating func readRecords(_ lines: LineReader) throws(FoveaError) {
        var position = 0
        var open: String?
        while let record = try CSVRecord(lines) {
            guard record.fields.count == 8 else {
                throw Self.foreign("a line has \(record.fields.count) fields, not 8")
            }
            if position > 0, record.fields[1].isEmpty || record.fields[1] == "1" {
                if let open { append(open, failed: false) }
                open = nil
                byteCount = position
            }
            position += record.byteCount
            if record.fields[1] == "rank" {
                byteCount = position
            } else if record.fields[1].isEmpty {
                append(record.fields[0], failed: true)
                byteCount = position
            } else {
                open = record.fields[0]
            }
        }
    }

    private mutating func append(_ name: String, failed: Bool) {
        names.append(name)
        if failed { failures += 1 }
    }

    private static func foreign(_ problem: String) -> FoveaError { FoveaError(.output, code: "OUT_PARTIAL", problem) }
}

/// A record of RFC 4180 as `classify` writes it.
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
            guard let line = try lines.next(), line.last == UInt8(ascii: "\n") else { return nil }
            bytes += line
        } while bytes.count(where: { $0 == UInt8(ascii: "\"") }) % 2 == 1
        byteCount = bytes.count
        fields = Self.split(bytes.dropLast()).map { String(decoding: $0, as: UTF8.self) }
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
