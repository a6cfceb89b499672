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
    /// What the note beside earlier rows tells; nil where there are none.
    private let earlierRun: EarlierRun?
    private let partial: PartialFile?
    /// What an interrupted run had already written; nil where nothing is resumed.
    let earlier: EarlierRows?

    private let isResumable: Bool

    /// Opens the file, before any work is done for it; no path means standard output.
    ///
    /// - Parameters:
    ///   - record: What the command line alone tells of the rows.
    ///   - resumes: Whether the rows that a partial file may hold are kept.
    ///   - inputs: The pictures named, of which those that have a row are passed over.
    init(
        _ path: String?, _ overwrite: OverwriteOption, _ format: some RowFormat, _ record: RunRecord, resumes: Bool,
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
        if !resumes { try overwrite.check(partial) }
        let isLeft = resumes && access(partial.path, F_OK) == 0
        // First, for rows of another format cannot be read.
        if isLeft, case .command(let begun, _) = partial.earlierRun { try record.check(against: begun, of: partial) }
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
        earlierRun = (earlier?.byteCount ?? 0) > 0 ? partial.earlierRun : nil
        run = try OutputFile(path, keeping: earlierRun?.byteCount ?? 0, suffix: PartialFile.runSuffix)
    }

    /// Notes the command beside its rows; throws a usage error where the earlier ones are of another.
    ///
    /// - Parameter record: Makes the record, for which weights are read; not called where nobody will ask for it.
    func begin(_ verbosity: Verbosity, _ record: () throws(FoveaError) -> RunRecord) throws(FoveaError) {
        guard let run, let partial else { return }
        let record = try record()
        switch earlierRun {
        case .command(let earlier, _): return try record.check(against: earlier, of: partial)
        case .unknown(let reason):
            verbosity.note("\(partial.runPath) \(reason), so nobody knows whether the same command began the rows")
        case nil: break
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

    /// Where rows lie that `--resume` can go on with; nil where there are none.
    var keptPath: String? { isResumable ? file?.partial : nil }

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

/// What the note beside earlier rows tells of the command that made them.
private enum EarlierRun {
    /// The command, and how long its note is.
    case command(JSON, byteCount: Int)
    /// Nothing: the note is not there, say.
    case unknown(String)

    /// How much of the note is kept.
    var byteCount: Int {
        switch self {
        case .command(_, let byteCount): byteCount
        case .unknown: 0
        }
    }
}

extension PartialFile {
    /// What the note of the command tells.
    fileprivate var earlierRun: EarlierRun {
        guard access(runPath, F_OK) == 0 else { return .unknown("is not there") }
        guard let file = try? InputFile(runPath), let bytes = try? ByteSource.file(file).bytes(in: 0..<file.size),
            let note = try? JSON(parsing: bytes), note.object != nil
        else { return .unknown("cannot be read") }
        return .command(note, byteCount: bytes.count)
    }
}
