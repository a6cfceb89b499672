import Checkpoints
import Fovea

/// The rows that an interrupted run has left in its partial file, for `--resume` to go on behind.
struct EarlierRows {
    /// How many pictures have a whole row.
    private(set) var count = 0
    /// How many of them failed.
    private(set) var failures = 0
    /// How long the whole rows are; what stands behind them was torn.
    private(set) var byteCount = 0
    /// How long the names of their pictures are, where these lie in a file of their own.
    private(set) var nameByteCount = 0
    /// How many numbers a row has; nil where the format does not tell.
    private let width: Int?

    /// Reads the rows of a partial file, and passes over their pictures among those named now.
    ///
    /// Throws category `output` where the file holds something else, `usage` where other pictures are named.
    init(_ partial: PartialFile, _ format: some RowFormat, passing inputs: inout PictureInputs) throws(FoveaError) {
        var rows = try Self.reading(partial) { () throws(FoveaError) in try format.earlierRows(partial) }
        while let row = try Self.reading(partial, { () throws(FoveaError) in try rows.next() }) {
            count += 1
            try inputs.skip(row.name, row: count)
            if row.hasFailed { failures += 1 }
        }
        (byteCount, nameByteCount, width) = (rows.byteCount, rows.nameByteCount, rows.width)
    }

    /// Throws a usage error where the rows are of another width than those to come.
    func check(width: Int) throws(FoveaError) {
        guard let earlier = self.width, earlier != width else { return }
        throw FoveaError(
            .usage, code: "RESUME",
            "--resume: the rows of the partial file have \(earlier) numbers, but the model gives \(width); name the same "
                + "model, or leave out --resume")
    }

    private static func reading<Value>(
        _ partial: PartialFile, _ body: () throws(FoveaError) -> Value
    ) throws(FoveaError) -> Value {
        do {
            return try body()
        } catch {
            throw FoveaError(
                .output, code: "OUT_PARTIAL",
                "\(error.message): cannot go on with \(partial.path); remove it and start anew")
        }
    }
}

/// A row of a partial file.
struct EarlierRow {
    let name: String
    let hasFailed: Bool
}

/// Reads the whole rows of a partial file, one after the other.
protocol EarlierRowReader {
    /// How long what is whole is, once the last row was read.
    var byteCount: Int { get }
    /// The same of the names, where these lie in a file of their own.
    var nameByteCount: Int { get }
    /// How many numbers a row has; nil where the format does not tell.
    var width: Int? { get }
    /// The next row; nil after the last whole one.
    mutating func next() throws(FoveaError) -> EarlierRow?
}

extension EarlierRowReader {
    var nameByteCount: Int { 0 }
    var width: Int? { nil }
}

/// Rows that are JSON objects, one a line.
struct JSONLinesReader: EarlierRowReader {
    private let lines: LineReader
    private var count = 0
    private(set) var byteCount = 0

    init(_ partial: PartialFile) throws(FoveaError) { lines = try LineReader(partial.path) }

    mutating func next() throws(FoveaError) -> EarlierRow? {
        guard let line = try lines.nextLine(), line.last == UInt8(ascii: "\n") else { return nil }
        count += 1
        guard let row = try? JSON(parsing: line), let name = row["input"]?.string else {
            throw FoveaError(.output, code: "OUT_PARTIAL", "line \(count) is no row of jsonl")
        }
        byteCount += line.count
        return EarlierRow(name: name, hasFailed: row["error"] != nil)
    }
}
