import Fovea

/// The records of an earlier `embed`, one to a picture.
struct EmbeddingRecords: EarlierRowReader {
    private let lines: LineReader
    let width: Int?
    private(set) var byteCount = 0

    init(_ partial: PartialFile) throws(FoveaError) {
        lines = try LineReader(partial.path)
        guard let header = try CSVRecord(lines) else {
            width = nil
            return
        }
        guard header.fields.first == "input", header.fields.last == "error" else {
            throw FoveaError(.output, code: "OUT_PARTIAL", "the first line is no header of embeddings")
        }
        (width, byteCount) = (header.fields.count - 2, header.byteCount)
    }

    mutating func next() throws(FoveaError) -> EarlierRow? {
        guard let width, let record = try CSVRecord(lines, fields: width + 2) else { return nil }
        byteCount += record.byteCount
        return EarlierRow(name: record.fields[0], hasFailed: record.fields.last?.isEmpty == false)
    }
}
