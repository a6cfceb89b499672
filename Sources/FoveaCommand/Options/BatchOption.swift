import ArgumentParser

/// How many pictures one pass computes.
struct BatchOption: ParsableArguments {
    @Option(help: ArgumentHelp("Pictures in one pass; no answer depends on it.", valueName: "n"))
    var batchSize = 8

    private static let range = 1...4096

    func validate() throws {
        guard Self.range.contains(batchSize) else {
            throw ValidationError("--batch-size \(batchSize): must be from 1 to \(Self.range.upperBound)")
        }
    }
}
