import ArgumentParser
import Checkpoints
import Fovea

/// How `classify` writes its rows, each as soon as it is known.
enum ClassificationFormat: String, ExpressibleByArgument, CaseIterable {
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

    /// What stands before the first row.
    func beginning(_ facts: Facts) -> String {
        switch self {
        case .text, .jsonl: ""
        case .csv: "input,rank,index,label,description,probability,logit,error\n"
        case .json:
            "{\"model\": \(JSON(facts.model).text()), \"device\": \(JSON(facts.device).text()), "
                + "\"precision\": \(JSON(facts.precision).text()),\n \"results\": ["
        }
    }

    /// The row of the picture at a position.
    func text(of row: ClassificationRow, at position: Int) -> String {
        switch self {
        case .text: (position == 0 ? "" : "\n") + Self.page(row)
        case .jsonl: row.json.text() + "\n"
        case .csv: Self.lines(row)
        case .json: (position == 0 ? "\n  " : ",\n  ") + Self.member(row)
        }
    }

    /// What stands behind the last row.
    func end(count: Int) -> String { self == .json ? (count == 0 ? "]}\n" : "\n ]}\n") : "" }

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
                page += "  \(percent(line.0.probability)) %  " + line.1
                if let description = line.0.description {
                    page += String(repeating: " ", count: width == 0 ? 0 : width - line.1.count + 2)
                    page += description.escapingControlCharacters
                }
                page += "\n"
            }
        }
    }

    /// A probability in percent with one decimal, five columns wide.
    private static func percent(_ probability: Double) -> String {
        let digits = (100 * probability).formatted(decimals: 1)
        return String(repeating: " ", count: max(0, 5 - digits.count)) + digits
    }
}

// MARK: - CSV

extension ClassificationFormat {
    private static func lines(_ row: ClassificationRow) -> String {
        switch row.outcome {
        case .failure(let error): return line([row.input, "", "", "", "", "", "", error.message])
        case .success(let predictions):
            return predictions.enumerated().map { position, prediction in
                line([
                    row.input, String(position + 1), String(prediction.index), prediction.label ?? "",
                    prediction.description ?? "", Float(prediction.probability).description,
                    prediction.logit.description, "",
                ])
            }.joined()
        }
    }

    /// One record of RFC 4180, ended by a line feed alone.
    private static func line(_ fields: [String]) -> String { fields.map(quoted).joined(separator: ",") + "\n" }

    private static func quoted(_ field: String) -> String {
        let special: Set<UInt8> = [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r")]
        guard field.utf8.contains(where: special.contains) else { return field }
        return "\"" + field.unicodeScalars.reduce(into: "") { $0 += $1 == "\"" ? "\"\"" : String($1) } + "\""
    }
}
