import Fovea

/// Where rows go, as they are made: standard output, or a file that appears whole at the end.
struct ResultStream {
    private let file: OutputFile?

    /// Opens the file, before any work is done for it; nil means standard output.
    init(_ path: String?, _ overwrite: OverwriteOption) throws(FoveaError) {
        file = if let path { try overwrite.create(path) } else { nil }
    }

    /// Whether rows scroll by on a terminal.
    var isTerminal: Bool { file == nil && Console.outputIsTerminal }

    /// Appends text.
    func write(_ text: String) throws(FoveaError) {
        guard let file else { return Console.write(text) }
        try file.write(text)
    }

    /// Gives the file its name.
    func finish() throws(FoveaError) { try file?.commit() }
}
