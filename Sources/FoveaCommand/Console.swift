import Checkpoints

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Standard output for results, standard error for everything else.
enum Console {
    /// Takes the places of streams that were closed before the start, or the next file opened would be taken for one.
    ///
    /// What takes them refuses to be read or written, so that a result that cannot be seen is an error.
    static func occupyClosedStreams() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is taken, and those below are already occupied.
            _ = open("/dev/null", mode)
        }
    }

    /// Writes a result; a reader that has gone ends the program quietly.
    static func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes a result; a reader that has gone ends the program quietly.
    static func write(_ bytes: [UInt8]) {
        switch put(bytes, on: STDOUT_FILENO) {
        case nil: break
        case EPIPE: end(.success)
        case let error?:
            complain("standard output cannot be written (\(String(cString: strerror(error))))")
            end(.output)
        }
    }

    /// Ends the command wherever it is, without what nobody can go on with.
    ///
    /// Devices may be at work: what their drivers do at `exit` would take their memory away under them.
    private static func end(_ status: ExitStatus) -> Never { Leftovers.remove { _exit(status.rawValue) } }

    /// Says a line on standard error, in which nothing can steer a terminal.
    static func say(_ line: String) {
        // Where standard error is closed there is nobody to tell.
        _ = put(line.escapingControlCharacters + "\n", on: STDERR_FILENO)
    }

    /// Says text of several lines that is our own, such as a usage message.
    static func explain(_ text: String) { _ = put(text + "\n", on: STDERR_FILENO) }

    /// Draws over the current line of a terminal on standard error; an empty text clears it.
    static func redraw(_ line: String) {
        _ = put("\r\u{1B}[2K" + line.escapingControlCharacters, on: STDERR_FILENO)
    }

    /// Whether results go to a person.
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Says why the program ends: its own words in front, in red on a terminal that may have colors.
    static func complain(_ sentence: String) {
        let words = errorHasColors ? "\u{1B}[1;31mfovea: error:\u{1B}[0m" : "fovea: error:"
        _ = put("\(words) \(sentence.escapingControlCharacters)\n", on: STDERR_FILENO)
    }

    /// Whether messages may be colored: on a terminal that can, unless `NO_COLOR` is set to anything (no-color.org).
    private static var errorHasColors: Bool {
        guard errorIsTerminal, let terminal = getenv("TERM"), String(cString: terminal) != "dumb" else { return false }
        return getenv("NO_COLOR").map { $0.pointee == 0 } ?? true
    }

    /// Whether messages go to a person.
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes all of a text; the value of `errno` where that fails.
    private static func put(_ text: String, on descriptor: CInt) -> CInt? { put(Array(text.utf8), on: descriptor) }

    /// Writes all bytes; the value of `errno` where that fails.
    private static func put(_ bytes: [UInt8], on descriptor: CInt) -> CInt? {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                let count = systemWrite(descriptor, rest.baseAddress, rest.count)
                if count >= 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno == EAGAIN {
                    // Somebody has made the descriptor non-blocking; it is shared, so that is not ours to undo.
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return nil
        }
    }
}

/// `write(2)`, which the functions above would otherwise hide.
private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
