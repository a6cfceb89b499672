import Fovea

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where rows go, as they are made: standard output, or a file that appears whole at the end.
struct ResultStream {
    private let file: OutputFile?
    /// What an interrupted run had already written; nil where nothing is resumed.
    let earlier: EarlierRows?

    private let isResumable: Bool

    /// Opens the file, before any work is done for it; no path means standard output.
    ///
    /// - Parameter resumes: Whether the rows that a partial file may hold are kept.
    init(
        _ path: String?, _ overwrite: OverwriteOption, _ format: ClassificationFormat, resumes: Bool
    ) throws(FoveaError) {
        isResumable = format.isResumable
        guard let path else {
            (file, earlier) = (nil, nil)
            return
        }
        let partial = try OutputFile.partialPath(of: path)
        earlier = resumes && access(partial, F_OK) == 0 ? try EarlierRows(partial, format) : nil
        file = try overwrite.create(path, keeping: earlier?.byteCount ?? 0)
    }

    /// Whether rows scroll by on a terminal.
    var isTerminal: Bool { file == nil && Console.outputIsTerminal }

    /// Appends text; from then on a partial file that can be resumed is worth keeping.
    func write(_ text: String) throws(FoveaError) {
        guard let file else { return Console.write(text) }
        if isResumable { file.keepPartial() }
        try file.write(text)
    }

    /// Gives the file its name.
    func finish() throws(FoveaError) { try file?.commit() }
}
