import Checkpoints
import Fovea

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A list of paths that is read as it is needed: a file, or standard input as `-`.
final class PathList {
    private let name: String
    private let stream: UnsafeMutablePointer<FILE>
    private let separator: UInt8
    private var line: UnsafeMutablePointer<CChar>?
    private var capacity = 0

    /// Opens a list; throws category `input` where it cannot be read.
    init(_ path: String, endsWithNull: Bool) throws(FoveaError) {
        name = path == "-" ? "standard input" : path
        separator = endsWithNull ? 0 : UInt8(ascii: "\n")
        var status = stat()
        if path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw FoveaError(.input, code: "IO_NOT_FILE", "\(path): is a folder, not a list; name it without the @")
        }
        guard let stream = path == "-" ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re") else {
            throw Self.unreadable(name, errno)
        }
        self.stream = stream
    }

    deinit {
        fclose(stream)
        free(line)
    }

    /// The next path; nil after the last.
    ///
    /// Empty lines are left out.
    func next() throws(FoveaError) -> String? {
        while true {
            errno = 0
            let count = getdelim(&line, &capacity, CInt(separator), stream)
            guard count > 0, let line else {
                guard ferror(stream) == 0 else { throw Self.unreadable(name, errno) }
                return nil
            }
            var bytes = UnsafeRawBufferPointer(start: line, count: count)[...]
            if bytes.last == separator { bytes.removeLast() }
            if separator != 0, bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            if !bytes.isEmpty { return String(decoding: bytes, as: UTF8.self) }
        }
    }

    private static func unreadable(_ name: String, _ error: CInt) -> FoveaError {
        FoveaError(
            .input, code: "IO_READ",
            "\(name): the list cannot be read (\(String(cString: strerror(error)))); check the path")
    }
}
