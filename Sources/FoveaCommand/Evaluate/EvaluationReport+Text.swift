import Checkpoints
import Fovea

extension EvaluationReport {
    /// How many classes, confusions and mistakes a person wants to see at once.
    private static let (lineLimit, matrixLimit) = (8, 20)

    /// For people.
    var text: String {
        let e = evaluation
        var lines = [
            "\(model) on \(device), \(precision): \(e.count.counted("picture")) of "
                + "\(e.classes.count.counted("class", "classes")) in \(data)",
            "  top-1           \(percent(e.top1Share))",
            "  top-5           \(percent(e.top5Share))",
            "  mean recall     \(percent(e.meanRecall))",
            "  mean precision  \(percent(e.meanPrecision))",
        ]
        if !failures.isEmpty {
            lines.append("  failed          \(failures.count.grouped), which count in none of these")
        }
        lines += weakestClasses + confusionLines + mistakeLines
        return lines.map(\.escapingControlCharacters).joined(separator: "\n") + "\n"
    }

    private var weakestClasses: [String] {
        let e = evaluation
        let weak = e.classes.filter { e.recall($0) < 1 }
            .sorted { (e.recall($0), $0) < (e.recall($1), $1) }.prefix(Self.lineLimit)
        guard !weak.isEmpty else { return [] }
        let width = weak.map { classes.title($0).count }.max() ?? 0
        return ["", "classes of the lowest recall (recall, precision, pictures)"]
            + weak.map { index in
                "  \(classes.title(index).padded(width, .left))  \(percent(e.recall(index)))  \(percent(e.precision(index)))  "
                    + e.pictures[index].grouped
            }
    }

    /// The matrix where it is small, else what was confused most often.
    private var confusionLines: [String] {
        let e = evaluation
        let columns = e.matrixClasses
        guard columns.count <= Self.matrixLimit else {
            return section(
                "most often confused",
                e.wrongConfusions.prefix(Self.lineLimit).map {
                    "  \($0.count.grouped) of \(classes.title($0.label)) taken for \(classes.title($0.predicted))"
                })
        }
        let names = columns.map { "\($0) \(classes.title($0))" }
        let nameWidth = names.map(\.count).max() ?? 0
        let cells = columns.flatMap { row in columns.map { e.confusion(row, $0) } }
        let width = max(String(cells.max() ?? 0).count, String(columns.last ?? 0).count) + 1
        func row(_ values: [String]) -> String {
            values.map { $0.padded(width) }.joined()
        }
        return section(
            "confusion matrix (a row a class, a column what its pictures were taken for)",
            ["  " + "".padded(nameWidth) + row(columns.map(String.init))]
                + zip(columns, names).map { label, name in
                    "  " + name.padded(nameWidth, .left)
                        + row(columns.map { e.confusion(label, $0) }.map { $0 == 0 ? "." : String($0) })
                })
    }

    private var mistakeLines: [String] {
        section(
            "most confidently wrong",
            evaluation.worstMistakes(Self.lineLimit).map {
                "  \(percent($0.probability))  \(classes.title($0.predicted)) for \(classes.title($0.label))  \($0.path)"
            })
    }

    private func section(_ title: String, _ lines: [String]) -> [String] { lines.isEmpty ? [] : ["", title] + lines }

    /// In a column that takes 100 %.
    private func percent(_ share: Double) -> String { share.percent.padded(7) }
}
