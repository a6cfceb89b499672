import Checkpoints
import Fovea

/// A file for results that appears whole or not at all; all its errors are of category `output`.
final class OutputFile {
    /// The path as the user gave it.
    let path: String
    private let file: AtomicFile

    /// Where what is written lies until `commit`; nil for what is written directly, such as a pipe.
    var partial: String? { file.partial }

    /// Opens `FILE.partial`, before any work is done for it, and cuts it to its first `keeping` bytes.
    ///
    /// - Parameter suffix: What the partial file is called behind the path.
    init(
        _ path: String, keeping: Int = 0, suffix: String = AtomicFile.partialSuffix
    ) throws(FoveaError) {
        self.path = path
        var opened: AtomicFile?
        try Leftovers.begin { () throws(FoveaError) in
            let file = try Self.writing { () throws(CheckpointError) in
                try AtomicFile(path, keeping: keeping, suffix: suffix)
            }
            opened = file
            return file.keepsPartial ? nil : file.partial
        }
        guard let opened else { preconditionFailure("a file was opened and is not there") }
        file = opened
    }

    deinit {
        if let partial { Leftovers.forget(partial) }
    }

    /// What an interrupted run has left for a path.
    static func partialPath(
        of path: String, suffix: String = AtomicFile.partialSuffix
    ) throws(FoveaError) -> String {
        try writing { () throws(CheckpointError) in try AtomicFile.partialPath(of: path, suffix: suffix) }
    }

    /// Lets `FILE.partial` stay if the command fails, for `--resume`.
    func keepPartial() {
        guard !file.keepsPartial else { return }
        file.keepsPartial = true
        if let partial { Leftovers.forget(partial) }
    }

    /// Lets the partial file go when nobody holds it any more: its work is done.
    func discard() {
        file.keepsPartial = false
        if let partial { Leftovers.add(partial) }
    }

    /// Writes over the first bytes, of which there are as many already.
    func replaceBeginning(_ bytes: [UInt8]) throws(FoveaError) {
        try Self.writing { () throws(CheckpointError) in try file.replaceBeginning(bytes) }
    }

    /// Appends text as UTF-8.
    func write(_ text: String) throws(FoveaError) {
        try Self.writing { () throws(CheckpointError) in try file.write(text) }
    }

    /// Appends bytes.
    func write(_ bytes: [UInt8]) throws(FoveaError) {
        try Self.writing { () throws(CheckpointError) in try file.write(bytes) }
    }

    /// Appends values as they lie in memory.
    func write(_ values: [Float]) throws(FoveaError) {
        try Self.writing { () throws(CheckpointError) in try file.write(values) }
    }

    /// Gives the file its name.
    func commit() throws(FoveaError) {
        try Self.writing { () throws(CheckpointError) in
            guard let partial else { return try file.commit() }
            try Leftovers.settle(partial) { () throws(CheckpointError) in try file.commit() }
        }
    }

    private static func writing<Value>(
        _ body: () throws(CheckpointError) -> Value
    ) throws(FoveaError) -> Value {
        do {
            return try body()
        } catch {
            throw FoveaError(error, category: .output)
        }
    }
}
