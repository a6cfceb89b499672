import Glibc

/// The few questions about the file system that this target asks.
enum FileSystem {
    /// Bytes free to us where a path is, or would be once it is made; nil where nobody can tell.
    static func freeBytes(at path: String) -> Int? {
        var path = path
        while true {
            var facts = statvfs()
            if unsafe statvfs(path, &facts) == 0 {
                return Int(clamping: UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize)).0)
            }
            guard errno == ENOENT, let slash = path.lastIndex(of: "/"), path != "/" else { return nil }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }
}
