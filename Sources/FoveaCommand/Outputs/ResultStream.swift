import Checkpoints
import Fovea

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where rows go, as they are made: standard output, or a file that appears whole at the end.
struct ResultStream {
    private let file: OutputFile?
    /// The names of the pictures whose rows do not tell them; goes away with the end of the work.
    private let names: OutputFile?
    /// The command that makes the rows; goes away with the end of the work, too.
    private let run: OutputFile?
    /// The command that made the earlier rows; nil where nobody has noted it.
    private let earlierRun: JSON?
    private let partial: PartialFile?
    /// What an interrupted run had already written; nil where nothing is resumed.
    let earlier: EarlierRows?

    private let isResumable: Bool

    /// Opens the file, before any work is done for it; no path means standard output.
    ///
    /// - Parameters:
    ///   - resumes: Whether the rows that a partial file may hold are kept.
    ///   - inputs: The pictures named, of which those that have a row are passed over.
    init(
        _ path: String?, _ overwrite: OverwriteOption, _ format: some RowFormat, resumes: Bool,
        passing inputs: inout PictureInputs
    ) throws(FoveaError) {
        isResumable = format.isResumable
        guard let path else {
            (file, names, run, partial, earlier, earlierRun) = (nil, nil, nil, nil, nil, nil)
            return
        }
        try overwrite.check(path)
        if format.countsRows { try Self.checkRewritable(path) }
        let partial = try PartialFile(of: path)
        let isLeft = resumes && access(partial.path, F_OK) == 0
        earlier = isLeft ? try EarlierRows(partial, format, passing: &inputs) : nil
        self.partial = partial
        file = try OutputFile(path, keeping: earlier?.byteCount ?? 0)
        names =
            format.needsNames
            ? try OutputFile(path, keeping: earlier?.nameByteCount ?? 0, suffix: PartialFile.namesSuffix) : nil
        // What has no partial file is written directly, and nobody goes on with it.
        guard isResumable, file?.partial != nil else {
            (run, earlierRun) = (nil, nil)
            return
        }
        let noted = (earlier?.byteCount ?? 0) > 0 ? partial.notedRun : nil
        earlierRun = noted.flatMap { try? JSON(parsing: $0) }
        run = try OutputFile(path, keeping: earlierRun == nil ? 0 : noted?.count ?? 0, suffix: PartialFile.runSuffix)
    }

    /// Notes the command beside its rows; throws a usage error where the earlier ones are of another.
    func begin(_ record: RunRecord, _ verbosity: Verbosity) throws(FoveaError) {
        guard let run, let partial else { return }
        if let earlierRun { return try record.check(against: earlierRun, of: partial) }
        if let earlier, earlier.byteCount > 0 {
            verbosity.note("\(partial.runPath) is not there, so nobody knows whether the same command began the rows")
        }
        try run.write(record.json.text() + "\n")
    }

    /// Throws category `output` for what cannot be written a second time.
    private static func checkRewritable(_ path: String) throws(FoveaError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
        throw FoveaError(
            .output, code: "IO_NOT_FILE",
            "\(path): is not a regular file, and the number of rows is written at its beginning once it is known; name a "
                + "file, or write .csv or .jsonl")
    }

    /// Whether rows scroll by on a terminal.
    var isTerminal: Bool { file == nil && Console.outputIsTerminal }

    /// Appends bytes; from then on a partial file that can be resumed is worth keeping.
    func write(_ bytes: [UInt8]) throws(FoveaError) {
        guard let file else { return Console.write(bytes) }
        if isResumable {
            file.keepPartial()
            names?.keepPartial()
            run?.keepPartial()
        }
        try file.write(bytes)
    }

    /// Notes the pictures whose rows come next: never is there a row whose name was not written before it.
    func note(_ pictures: [FedPicture]) throws(FoveaError) {
        guard let names else { return }
        try names.write(pictures.flatMap { Array($0.name.utf8) + [0] })
    }

    /// Writes over the first bytes.
    func replaceBeginning(_ bytes: [UInt8]) throws(FoveaError) { try file?.replaceBeginning(bytes) }

    /// Gives the file its name.
    func finish() throws(FoveaError) {
        try file?.commit()
        names?.discard()
        run?.discard()
    }
}

extension PartialFile {
    /// The note of the command; nil where there is none.
    fileprivate var notedRun: [UInt8]? {
        guard let file = try? InputFile(runPath) else { return nil }
        return try? ByteSource.file(file).bytes(in: 0..<file.size)
    }
}
