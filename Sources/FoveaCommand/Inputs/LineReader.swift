import Fovea

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The lines of a file or of standard input, read as they are needed.
final class LineReader {
    private let name: String
    private let stream: UnsafeMutablePointer<FILE>
    private let separator: UInt8
    private var line: UnsafeMutablePointer<CChar>?
    private var capacity = 0

    /// Opens a file, or standard input as `-`; throws category `input` where it cannot be read.
    init(_ path: String, separator: UInt8 = UInt8(ascii: "\n")) throws(FoveaError) {
        name = path == "-" ? "standard input" : path
        self.separator = separator
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

    /// The next line with its separator, which only a torn last line lacks; nil after the last.
    func next() throws(FoveaError) -> [UInt8]? {
        let count = getdelim(&line, &capacity, CInt(separator), stream)
        guard count > 0, let line else {
            let error = errno
            guard ferror(stream) == 0 else { throw Self.unreadable(name, error) }
            return nil
        }
        return Array(UnsafeRawBufferPointer(start: line, count: count))
    }

    private static func unreadable(_ name: String, _ error: CInt) -> FoveaError {
        FoveaError(
            .input, code: "IO_READ", "\(name): cannot be read (\(String(cString: strerror(error)))); check the path")
    }
}
