import Fovea

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How long to wait for input that has not come yet.
enum Patience {
    /// Not at all: there is other work to do.
    case none
    /// A moment, in case more is on its way.
    case brief
    /// Until it comes.
    case endless

    /// The time as `poll(2)` takes it, in milliseconds.
    var milliseconds: CInt {
        switch self {
        case .none: 0
        case .brief: 20
        case .endless: -1
        }
    }
}

/// The lines of a file or of standard input, read as they are needed.
final class LineReader {
    /// What comes next.
    enum Line {
        /// A line with its separator, which only a torn last line lacks.
        case line([UInt8])
        /// A line beyond the limit, the rest of which is passed over.
        case tooLong
        /// No whole line has come in the time given.
        case notYet
        /// Nothing comes any more.
        case end
    }

    private let name: String
    private let descriptor: CInt
    private let separator: UInt8
    /// The longest line that is given, in bytes.
    let limit: Int
    private var buffer: [UInt8] = []
    /// Where the first line of the buffer begins, and how far it was searched for its end.
    private var (start, searched) = (0, 0)
    private var isPassingOver = false
    /// How many lines have been given, those beyond the limit included.
    private(set) var lineCount = 0
    private var isAtEnd = false

    private static let chunkSize = 1 << 16

    /// Opens a file, or standard input as `-`; throws category `input` where it cannot be read.
    init(_ path: String, separator: UInt8 = UInt8(ascii: "\n"), limit: Int = .max) throws(FoveaError) {
        name = path == "-" ? "standard input" : path
        (self.separator, self.limit) = (separator, limit)
        var status = stat()
        if path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw FoveaError(.input, code: "IO_NOT_FILE", "\(path): is a folder, not a list; name it without the @")
        }
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(name, errno) }
    }

    deinit { close(descriptor) }

    /// The next line, however long that takes; nil after the last, and for a line beyond the limit.
    func nextLine() throws(FoveaError) -> [UInt8]? {
        if case .line(let line) = try next() { line } else { nil }
    }

    /// The next line, once it is whole.
    func next(_ patience: Patience = .endless) throws(FoveaError) -> Line {
        while true {
            if let end = buffer[searched...].firstIndex(of: separator) {
                let line = line(to: end + 1)
                guard isPassingOver else { return line }
                isPassingOver = false
                continue
            }
            searched = buffer.count
            let isTooLong = !isPassingOver && buffer.count - start > limit
            if isPassingOver || isTooLong {
                buffer.removeAll(keepingCapacity: true)
                (start, searched, isPassingOver) = (0, 0, true)
            }
            // Told at once: the rest may never end.
            if isTooLong {
                lineCount += 1
                return .tooLong
            }
            if isAtEnd { return start < buffer.count ? line(to: buffer.count) : .end }
            guard isReady(patience) else { return .notYet }
            try readMore()
        }
    }

    /// The line that ends before a place in the buffer.
    private func line(to end: Int) -> Line {
        defer { (start, searched) = (end, end) }
        if !isPassingOver { lineCount += 1 }
        return end - start > limit ? .tooLong : .line(Array(buffer[start..<end]))
    }

    private func isReady(_ patience: Patience) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var count: CInt
        repeat { count = poll(&request, 1, patience.milliseconds) } while count < 0 && errno == EINTR
        // What cannot be polled is read, and says then what is wrong with it.
        return count != 0
    }

    private func readMore() throws(FoveaError) {
        if start > 0 {
            buffer.removeFirst(start)
            (start, searched) = (0, searched - start)
        }
        var error: CInt = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: Self.chunkSize) { bytes, count in
            var read: Int
            repeat { read = systemRead(descriptor, bytes.baseAddress, bytes.count) } while read < 0 && errno == EINTR
            error = read < 0 ? errno : 0
            count = max(0, read)
        }
        // Somebody has made the descriptor non-blocking; the next turn waits for it.
        if error == EAGAIN { return }
        guard error == 0 else { throw Self.unreadable(name, error) }
        if chunk.isEmpty { isAtEnd = true }
        buffer += chunk
    }

    private static func unreadable(_ name: String, _ error: CInt) -> FoveaError {
        FoveaError(
            .input, code: "IO_READ", "\(name): cannot be read (\(String(cString: strerror(error)))); check the path")
    }
}

/// `read(2)`, which the methods above would otherwise hide.
private func systemRead(_ descriptor: CInt, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
