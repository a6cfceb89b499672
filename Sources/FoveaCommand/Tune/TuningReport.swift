import Checkpoints
import Fovea
import OpenCLOperations
import Operations

/// What `fovea tune` answers.
struct TuningReport {
    let device: String
    /// What would be measured, with the numbers that ship; nil where it was.
    var plan: [(row: TuningRow, shipped: [String: Int])]?
    /// Where the numbers are kept.
    var path: String?
    var results: [TuningSearch.Result] = []

    init(device: String) { self.device = device }

    /// Writes it to standard output.
    func write(as format: ReportFormat) {
        switch format {
        case .text: Console.write(text)
        case .json: Console.write(json.text(.pretty) + "\n")
        }
    }

    /// `ROWS 4, VECTOR 8`.
    static func phrase(_ values: [String: Int]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// `0.93 ± 0.01`.
    static func phrase(_ ratio: TimeRatio) -> String {
        "\(ratio.value.formatted(decimals: 3)) ± \(ratio.noise.formatted(decimals: 3))"
    }

    // MARK: Text

    private var text: String {
        let lines = plan?.map { Self.plan($0.row, $0.shipped) } ?? results.map(Self.line)
        return "\(device)\n\n" + lines.joined() + (path.map { "\nkept in \($0)\n" } ?? "")
    }

    private static func plan(_ row: TuningRow, _ shipped: [String: Int]) -> String {
        let knobs = row.knobs.map { knob in
            "  \(knob.name) \(shipped[knob.name] ?? 0), may be one of \(knob.candidates)\n"
        }
        return "\(row.name), for \(operations(row).joined(separator: ", "))\n" + knobs.joined()
    }

    private static func line(_ result: TuningSearch.Result) -> String {
        let count = "\(result.tried) candidates" + (result.lost > 0 ? ", \(result.lost) of them lost" : "")
        guard let found = result.found else { return "\(result.row.name): what ships is best (\(count))\n" }
        let changes = found.filter { result.shipped[$0.key] != $0.value }
        return "\(result.row.name): \(phrase(changes)) in place of "
            + "\(phrase(result.shipped.filter { changes[$0.key] != nil })): "
            + "\(result.ratio.map(phrase) ?? "") of the time (\(count))\n"
    }

    private static func operations(_ row: TuningRow) -> [String] { row.variants.keys.map(\.commandName).sorted() }

    // MARK: JSON

    private var json: JSON {
        let tunings =
            plan?.map { row, shipped in Self.json(row, shipped, [("candidates", Self.candidates(row))]) }
            ?? results.map { result in
                Self.json(
                    result.row, result.shipped,
                    [
                        ("found", result.found.map(DeviceTunings.json) ?? .null),
                        ("ratio", result.ratio.map { JSON($0.value) } ?? .null),
                        ("noise", result.ratio.map { JSON($0.noise) } ?? .null), ("tried", JSON(result.tried)),
                        ("lost", JSON(result.lost)),
                    ])
            }
        return ["device": JSON(device), "file": path.map { JSON($0) } ?? .null, "tunings": .array(tunings)]
    }

    private static func json(_ row: TuningRow, _ shipped: [String: Int], _ others: [(String, JSON)]) -> JSON {
        .object(
            JSON.Object(
                [
                    ("name", JSON(row.name)), ("operations", .array(operations(row).map { JSON($0) })),
                    ("shipped", DeviceTunings.json(shipped)),
                ] + others))
    }

    private static func candidates(_ row: TuningRow) -> JSON {
        .object(JSON.Object(row.knobs.map { ($0.name, .array($0.candidates.map { JSON($0) })) }))
    }
}
