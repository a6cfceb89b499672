import Checkpoints
import Fovea

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A folder of results that appears whole or not at all.
///
/// One that is new is filled as `DIR.partial` and renamed at the end. One that exists may be a mounted volume, the working
/// directory or a link, which nothing can be renamed over: it is filled inside, and its files get their names at the end, each
/// whole.
final class ReportFolder {
    /// The path as the user gave it.
    let path: String
    private let partial: String
    private let isNew: Bool
    /// Whether this process made the folder that is filled, and may remove it; one that was there may be another's.
    private let isMade: Bool
    /// The folder that is filled, locked so that no other process fills it too; negative where it cannot be opened.
    private let lock: CInt
    private var names: [String] = []
    private var isCommitted = false

    /// Makes the folder that is filled, before any work is done for it.
    ///
    /// Throws category `output` where the folder has something in it and may not be overwritten, or cannot be made.
    init(_ path: String, _ overwrite: OverwriteOption) throws(FoveaError) {
        try OverwriteOption.checkIsName(path)
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        isNew = access(path, F_OK) != 0
        partial = isNew ? path + ".partial" : path + "/.fovea.partial"
        if !isNew {
            guard PictureFolder.exists(path) else {
                throw FoveaError(.output, code: "IO_NOT_FOLDER", "\(path): is not a folder; name another")
            }
            guard overwrite.overwrite || Self.isEmpty(path) else {
                throw FoveaError(
                    .output, code: "OUT_EXISTS",
                    "\(path): exists already; replace its files with --overwrite or name another folder")
            }
        }
        let folder = partial
        var isMade = false
        try Leftovers.begin { () throws(FoveaError) in
            isMade = mkdir(folder, 0o777) == 0
            guard isMade || errno == EEXIST else { throw Self.unwritable(path, errno) }
            return isMade ? folder : nil
        }
        self.isMade = isMade
        lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // A file system without locks refuses them with other errors; there the files' own names must do.
        guard lock < 0 || flock(lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            throw FoveaError(
                .output, code: "IO_BUSY",
                "\(folder): is being filled by another process; wait for it, or name another folder")
        }
    }

    deinit {
        // Last: until then nobody else shall begin.
        defer { if lock >= 0 { close(lock) } }
        for path in names.map({ "\(partial)/\($0)" }) + (isMade ? [partial] : []) { Leftovers.forget(path) }
        guard !isCommitted else { return }
        for name in names {
            unlink("\(partial)/\(name)")
            // A file that was begun and is still held by somebody.
            unlink("\(partial)/\(name).partial")
        }
        if isMade { rmdir(partial) }
    }

    /// Begins a file in the folder; it must be committed before the folder is.
    func file(_ name: String) throws(FoveaError) -> OutputFile {
        // Noted once it is open: until then a file of the name is another process's.
        let file = try OutputFile("\(partial)/\(name)")
        names.append(name)
        Leftovers.add("\(partial)/\(name)")
        return file
    }

    /// Writes a file in the folder.
    func write(_ bytes: [UInt8], to name: String) throws(FoveaError) {
        let file = try file(name)
        try file.write(bytes)
        try file.commit()
    }

    /// Gives the folder its name, or its files theirs.
    func commit() throws(FoveaError) {
        // What is whole stays, whatever may go wrong with a name.
        isCommitted = true
        try Leftovers.settle(partial) { () throws(FoveaError) in try takeNames() }
    }

    private func takeNames() throws(FoveaError) {
        guard !isNew else {
            guard rename(partial, path) == 0 else { throw Self.unwritable(path, errno) }
            return
        }
        for name in names {
            guard rename("\(partial)/\(name)", "\(path)/\(name)") == 0 else {
                throw Self.unwritable("\(path)/\(name)", errno)
            }
        }
        rmdir(partial)
    }

    private static func isEmpty(_ folder: String) -> Bool {
        guard let directory = opendir(folder) else { return false }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Itself and its parent.
        return count <= 2
    }

    private static func unwritable(_ path: String, _ number: CInt) -> FoveaError {
        FoveaError(CheckpointError.system(number, file: path, writing: true), category: .output)
    }
}
