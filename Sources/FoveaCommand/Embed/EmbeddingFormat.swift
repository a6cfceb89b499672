import Checkpoints
import Fovea
import Operations

/// How `embed` writes its rows, each as soon as it is known.
enum EmbeddingFormat: String, RowFormat, CaseIterable {
    /// A NumPy array, float32 `[n, D]`; a picture that failed is a row of NaN.
    case npy
    /// A picture a line, with a header.
    case csv
    /// One object a line.
    case jsonl

    var isResumable: Bool { true }
    var countsRows: Bool { self == .npy }
    var needsNames: Bool { self == .npy }

    func beginning(_ width: Int, count: Int) -> [UInt8] {
        switch self {
        case .jsonl: []
        case .csv: Array(CSV.line(["input"] + (0..<width).map { "e\($0)" } + ["error"]).utf8)
        // Padded to 128 bytes, whatever the count.
        case .npy: NumPyArray.header(for: [count, width])
        }
    }

    func bytes(of row: EmbeddingRow, at position: Int) -> [UInt8] {
        switch self {
        case .jsonl: Array((row.json.text() + "\n").utf8)
        case .csv: Array(Self.line(row).utf8)
        case .npy: Self.values(row).withUnsafeBytes { Array($0) }
        }
    }

    func earlierRows(_ partial: PartialFile) throws(FoveaError) -> any EarlierRowReader {
        switch self {
        case .jsonl: try JSONLinesReader(partial)
        case .csv: try EmbeddingRecords(partial)
        case .npy: try EmbeddingArrayRows(partial)
        }
    }

    private static func line(_ row: EmbeddingRow) -> String {
        switch row.outcome {
        case .success(let embedding): CSV.line([row.input] + embedding.map(\.description) + [""])
        case .failure(let error):
            CSV.line([row.input] + [String](repeating: "", count: row.width) + [error.message])
        }
    }

    private static func values(_ row: EmbeddingRow) -> [Float] {
        (try? row.outcome.get()) ?? [Float](repeating: .nan, count: row.width)
    }
}
