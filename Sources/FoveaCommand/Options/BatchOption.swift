import ArgumentParser

/// How many pictures one pass computes.
struct BatchOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Pictures in one pass; no answer depends on it. (default: 8, more on a GPU)", valueName: "n"))
    var batchSize: Int?

    private static let range = 1...4096

    func validate() throws {
        guard let batchSize, !Self.range.contains(batchSize) else { return }
        throw ValidationError("--batch-size \(batchSize): must be from 1 to \(Self.range.upperBound)")
    }
}
