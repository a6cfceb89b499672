import Glibc

/// What the program cache does to the file system.
///
/// Only regular files and directories that belong to us are touched, because a binary is code that runs.
package enum CacheFiles {
    /// The end of every entry's name.
    static let entrySuffix = ".program"
    private static let temporaryPrefix = ".writing-"
    /// A temporary file this old was left by a process that died.
    private static let abandonedAfterSeconds = 3600

    /// Why a file could not be read.
    package enum ReadFailure: Error, CustomStringConvertible {
        case absent
        case notOurs
        case tooLarge
        case system(Int32)

        package var description: String {
            switch self {
            case .absent: "it does not exist"
            case .notOurs: "it is not a regular file of this user"
            case .tooLarge: "it is larger than the cache"
            case .system(let code): systemMessage(code)
            }
        }
    }

    /// Reads a whole file and marks it as used now, so that it is among the last to go.
    package static func read(_ path: String, upTo limit: Int) -> Result<[UInt8], ReadFailure> {
        let file = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            return .failure(errno == ENOENT ? .absent : errno == ELOOP ? .notOurs : .system(errno))
        }
        defer { close(file) }
        var facts = stat()
        guard unsafe fstat(file, &facts) == 0 else { return .failure(.system(errno)) }
        guard facts.st_mode & S_IFMT == S_IFREG, facts.st_uid == geteuid() else { return .failure(.notOurs) }
        guard facts.st_size <= limit else { return .failure(.tooLarge) }
        var bytes = [UInt8](repeating: 0, count: Int(facts.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe Glibc.read(file, $0.baseAddress?.advanced(by: filled), $0.count - filled)
            }
            guard count > 0 else { break }
            filled += count
        }
        bytes.removeLast(bytes.count - filled)
        futimens(file, nil)
        return .success(bytes)
    }

    /// Makes a directory, and those above it, where they are missing; tells what keeps it from being ours.
    package static func prepare(_ directory: String) -> String? {
        var path = ""
        for part in directory.split(separator: "/", omittingEmptySubsequences: false) {
            path += part
            if !path.isEmpty, unsafe mkdir(path, 0o700) != 0, errno != EEXIST { return systemMessage(errno) }
            path += "/"
        }
        var facts = stat()
        guard unsafe stat(directory, &facts) == 0 else { return systemMessage(errno) }
        guard facts.st_mode & S_IFMT == S_IFDIR else { return "it is not a directory" }
        guard facts.st_uid == geteuid(), facts.st_mode & 0o022 == 0 else {
            return "others may write to the directory"
        }
        return nil
    }

    /// Writes a file whole or not at all; tells what went wrong.
    package static func write(_ bytes: [UInt8], to path: String, in directory: String) -> String? {
        let temporary = directory + "/" + temporaryPrefix + String(UInt64.random(in: .min ... .max), radix: 36)
        let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { return systemMessage(errno) }
        var written = 0
        var failure: Int32?
        while written < bytes.count, failure == nil {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(file, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count < 0, errno != EINTR { failure = errno }
            written += max(count, 0)
        }
        if close(file) != 0, failure == nil { failure = errno }
        if failure == nil, unsafe rename(temporary, path) != 0 { failure = errno }
        guard let failure else { return nil }
        unsafe unlink(temporary)
        return systemMessage(failure)
    }

    /// Removes what died processes left, then the entries unused for longest, until the rest is small enough.
    static func prune(_ directory: String, to limit: Int) {
        let now = time(nil)
        var entries: [(name: String, size: Int, used: (Int, Int))] = []
        for name in names(in: directory) {
            var facts = stat()
            guard unsafe lstat(directory + "/" + name, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { continue }
            if name.hasPrefix(temporaryPrefix), now - facts.st_mtim.tv_sec > abandonedAfterSeconds {
                unsafe unlink(directory + "/" + name)
            } else if name.hasSuffix(entrySuffix) {
                entries.append((name, Int(facts.st_size), (facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec)))
            }
        }
        var total = entries.reduce(0) { $0 + $1.size }
        for entry in entries.sorted(by: { $0.used < $1.used }) where total > limit {
            unsafe unlink(directory + "/" + entry.name)
            total -= entry.size
        }
    }

    private static func names(in directory: String) -> [String] {
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            unsafe names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                })
        }
        return names
    }
}

/// What the system says about an error number.
func systemMessage(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}
