import Glibc

/// What little this target wants of the file system beside its own cache.
enum FileSystem {
    /// Whether files can be made in a directory, or it can be made itself.
    static func canWrite(in path: String) -> Bool {
        var path = path
        while true {
            var facts = stat()
            if unsafe stat(path, &facts) == 0 {
                guard facts.st_mode & S_IFMT == S_IFDIR else { return false }
                return unsafe access(path, W_OK | X_OK) == 0
            }
            guard errno == ENOENT, path != "/", path != "." else { return false }
            path = parent(of: path)
        }
    }

    /// A directory of this user's among the temporary ones, the same at each start; nil where none can be had.
    ///
    /// What others could have made or may write to is passed over: code that runs is kept in it.
    static func temporaryDirectory(_ name: String) -> String? {
        for base in [environmentValue("TMPDIR"), P_tmpdir] {
            guard let base else { continue }
            let path = "\(base)/\(name)-\(geteuid())"
            unsafe mkdir(path, 0o700)
            var facts = stat()
            guard unsafe lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == geteuid(),
                facts.st_mode & 0o022 == 0, canWrite(in: path)
            else { continue }
            return path
        }
        return nil
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Bytes free to us where a path is, or would be once it is made; nil where nobody can tell.
    static func freeBytes(at path: String) -> Int? {
        var path = path
        while true {
            var facts = statvfs()
            if unsafe statvfs(path, &facts) == 0 {
                return Int(clamping: UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize)).0)
            }
            guard errno == ENOENT, path != "/", path != "." else { return nil }
            path = parent(of: path)
        }
    }
}
