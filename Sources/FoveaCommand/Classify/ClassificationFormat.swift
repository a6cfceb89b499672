import ArgumentParser
import Checkpoints
import Fovea

/// How `classify` writes its rows, each as soon as it is known.
enum ClassificationFormat: String, RowFormat, ExpressibleByArgument, CaseIterable {
    /// For people.
    case text
    /// One document.
    case json
    /// One object a line.
    case jsonl
    /// One prediction a line, with a header.
    case csv

    /// Whether rows can be told apart in a file that was torn.
    var isResumable: Bool { self == .jsonl || self == .csv }

    /// What all rows have in common.
    struct Facts {
        let model: String
        let device: String
        let precision: String
    }

    func beginning(_ facts: Facts, count: Int) -> [UInt8] {
        switch self {
        case .text, .jsonl: []
        case .csv: Array(CSV.line(Self.columns).utf8)
        case .json:
            Array(
                """
                {"model": \(JSON(facts.model).text()), "device": \(JSON(facts.device).text()), \
                "precision": \(JSON(facts.precision).text()),
                 "results": [
                """.utf8)
        }
    }

    func bytes(of row: ClassificationRow, at position: Int) -> [UInt8] {
        switch self {
        case .text: Array(((position == 0 ? "" : "\n") + Self.page(row)).utf8)
        case .jsonl: Array((row.json.text() + "\n").utf8)
        case .csv: Array(Self.lines(row).utf8)
        case .json: Array(((position == 0 ? "\n  " : ",\n  ") + Self.member(row)).utf8)
        }
    }

    func end(count: Int) -> [UInt8] { self == .json ? Array((count == 0 ? "]}\n" : "\n ]}\n").utf8) : [] }

    func earlierRows(_ partial: PartialFile) throws(FoveaError) -> any EarlierRowReader {
        self == .csv ? try PredictionRecords(partial) : try JSONLinesReader(partial)
    }

    /// One result of the document, a prediction a line.
    private static func member(_ row: ClassificationRow) -> String {
        guard case .success = row.outcome, let input = row.json["input"],
            let predictions = row.json["predictions"]?.array
        else { return row.json.text(.spaced) }
        let lines = predictions.map { "\n    " + $0.text(.spaced) }
        return "{\"input\": \(input.text()), \"predictions\": [\(lines.joined(separator: ","))]}"
    }
}

// MARK: - Text

extension ClassificationFormat {
    private static func page(_ row: ClassificationRow) -> String {
        let title = row.input == "-" ? "standard input" : row.input.escapingControlCharacters
        switch row.outcome {
        case .failure(let error): return "\(title)\n  failed: \(error.message.escapingControlCharacters)\n"
        case .success(let predictions):
            // A description that begins with the label says it all.
            let names = predictions.map { prediction in
                let label = prediction.label ?? "#\(prediction.index)"
                return prediction.description?.hasPrefix(label) == true ? "" : label.escapingControlCharacters
            }
            let width = names.map(\.count).max() ?? 0
            return zip(predictions, names).reduce(into: title + "\n") { page, line in
                // Wide enough for 100 %.
                page += "  \(line.0.probability.percent.padded(7))  " + line.1
                if let description = line.0.description {
                    page += String(repeating: " ", count: width == 0 ? 0 : width - line.1.count + 2)
                    page += description.escapingControlCharacters
                }
                page += "\n"
            }
        }
    }
}

// MARK: - CSV

extension ClassificationFormat {
    fileprivate static let columns = [
        "input", "rank", "index", "label", "description", "probability", "logit", "error",
    ]

    private static func lines(_ row: ClassificationRow) -> String {
        switch row.outcome {
        case .failure(let error): return CSV.line([row.input, "", "", "", "", "", "", error.message])
        case .success(let predictions):
            return predictions.enumerated().map { position, prediction in
                CSV.line([
                    row.input, String(position + 1), String(prediction.index), prediction.label ?? "",
                    prediction.description ?? "", Float(prediction.probability).description,
                    prediction.logit.description, "",
                ])
            }.joined()
        }
    }
}

/// The records of an earlier `classify`, several to a picture.
private struct PredictionRecords: EarlierRowReader {
    private let lines: LineReader
    private var position = 0
    /// The picture whose predictions are being read: they are whole once another picture follows.
    private var open: String?
    /// Rows that are whole, and where they end.
    private var whole: [(row: EarlierRow, end: Int)] = []
    private(set) var byteCount = 0

    init(_ partial: PartialFile) throws(FoveaError) { lines = try LineReader(partial.path) }

    mutating func next() throws(FoveaError) -> EarlierRow? {
        while whole.isEmpty {
            guard let record = try CSVRecord(lines, fields: ClassificationFormat.columns.count) else { return nil }
            let (name, rank) = (record.fields[0], record.fields[1])
            if rank == "1" || rank.isEmpty, let predicted = open {
                whole.append((EarlierRow(name: predicted, hasFailed: false), position))
                open = nil
            }
            position += record.byteCount
            switch rank {
            case "rank": byteCount = position
            case "": whole.append((EarlierRow(name: name, hasFailed: true), position))
            default: open = name
            }
        }
        let (row, end) = whole.removeFirst()
        byteCount = end
        return row
    }
}
