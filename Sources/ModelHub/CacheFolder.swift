import Checkpoints

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The folder of one model in the cache, as it is written.
///
/// Each thing appears at once under its name: blobs and references by renaming, links likewise. What two downloads write
/// at the same time is therefore one or the other, and both are right.
struct CacheFolder {
    private let cache: HubCache
    private let model: HubModel
    private let path: String

    /// Makes the folder, and those above it, where they are missing.
    init(_ cache: HubCache, of model: HubModel) throws(CheckpointError) {
        (self.cache, self.model) = (cache, model)
        path = cache.folder(of: model)
        for folder in [path + "/blobs", path + "/snapshots", path + "/refs", locks] { try Self.make(folder) }
    }

    /// Where the content of a file lies once it is whole.
    func blob(_ hash: String) -> String { "\(path)/blobs/\(hash)" }

    /// Where huggingface_hub keeps the locks of this model's blobs, so that it waits for us and we for it.
    private var locks: String { "\(cache.path)/.locks/models--\(model.owner)--\(model.name)" }

    /// The file that is locked while a blob is downloaded.
    func lock(_ hash: String) -> String { "\(locks)/\(hash).lock" }

    /// Throws IO_SPACE where the device cannot hold so many bytes more.
    func checkSpace(for bytes: Int) throws(CheckpointError) {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return }
        let free = Int(
            clamping: UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize)).partialValue)
        guard free < bytes else { return }
        throw CheckpointError(
            .noSpaceLeft, file: path, "has no room for \(model.description)", found: "\(free) bytes free",
            expected: "\(bytes)", next: "free some space, or name another place with HF_HOME")
    }

    /// Puts a link to a blob under a file's name in a commit's folder.
    func link(_ file: HubFile, at commit: String) throws(CheckpointError) {
        let snapshot = cache.snapshot(of: model, at: commit)
        try Self.make(snapshot)
        let target = "../../blobs/\(file.hash)"
        if (try? Self.destination(of: "\(snapshot)/\(file.name)")) == target { return }
        let temporary = "\(snapshot)/.\(file.name).\(Self.suffix())"
        guard symlink(target, temporary) == 0, rename(temporary, "\(snapshot)/\(file.name)") == 0 else {
            let code = errno
            unlink(temporary)
            throw .system(code, file: "\(snapshot)/\(file.name)", writing: true)
        }
    }

    /// Notes which commit the model's revision stands for; a commit needs no note.
    func note(_ commit: String) throws(CheckpointError) {
        guard model.revision != commit else { return }
        let reference = "\(path)/refs/\(model.revision)"
        try Self.make(reference.siblingPath("."))
        let temporary = "\(path)/refs/.\(Self.suffix())"
        try AtomicFile.write(Array(commit.utf8), to: temporary)
        guard rename(temporary, reference) == 0 else {
            let code = errno
            unlink(temporary)
            throw .system(code, file: reference, writing: true)
        }
    }

    /// What no other download ends a temporary name with; the first process of every container has the same number.
    private static func suffix() -> String { String(UInt64.random(in: .min ... .max), radix: 36) }

    /// Makes a folder and those above it.
    private static func make(_ path: String) throws(CheckpointError) {
        var end = path.utf8.startIndex
        while end != path.utf8.endIndex {
            end = path.utf8[path.utf8.index(after: end)...].firstIndex(of: UInt8(ascii: "/")) ?? path.utf8.endIndex
            guard mkdir(String(path[..<end]), 0o777) != 0, errno != EEXIST else { continue }
            // A folder above that we may not write to may hold the next one all the same.
            let code = errno
            if access(String(path[..<end]), F_OK) != 0 { throw .system(code, file: path, writing: true) }
        }
    }

    private static func destination(of link: String) throws(CheckpointError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(link, &buffer, buffer.count - 1)
        guard count >= 0 else { throw .system(errno, file: link) }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
