#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A regular file open for reading at any offset, from any thread.
///
/// Read by `pread`, never mapped: a mapped file that shrinks kills the process. Its size and modification time are
/// remembered, and `checkUnchanged` tells when somebody has written to it since.
package final class InputFile: Sendable {
    /// The path as the caller gave it.
    package let path: String
    /// Length in bytes when the file was opened.
    package let size: Int
    private let descriptor: CInt
    private let modified: Modified

    private struct Modified: Equatable, Sendable {
        let seconds: Int
        let nanoseconds: Int
    }

    /// Opens a regular file.
    ///
    /// Throws IO_NOT_FOUND, IO_PERM, or IO_NOT_FILE for a directory, a pipe, a device or a loop of links.
    package init(_ path: String) throws(CheckpointError) {
        guard !path.utf8.contains(0), !path.isEmpty else {
            throw CheckpointError(.fileNotFound, file: path, "is not a path", next: "name a file")
        }
        // Non-blocking, or opening a pipe that nobody writes to would wait for ever.
        var descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        while descriptor < 0, errno == EINTR { descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .system(errno, file: path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .system(code, file: path)
        }
        guard let kind = Self.irregularKind(of: status) else {
            self.path = path
            self.descriptor = descriptor
            size = Int(status.st_size)
            modified = Self.modified(status)
            return
        }
        close(descriptor)
        throw CheckpointError(.notRegularFile, file: path, "is \(kind), not a regular file", next: "name a file")
    }

    /// Takes over an open file that has no name of its own; `path` is what messages call it.
    ///
    /// The descriptor is closed with the value, or at once where this throws IO_READ.
    package init(adopting descriptor: CInt, named path: String) throws(CheckpointError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .system(code, file: path)
        }
        self.path = path
        self.descriptor = descriptor
        size = Int(status.st_size)
        modified = Self.modified(status)
    }

    deinit { close(descriptor) }

    /// Fills the buffer with the bytes from `offset` on.
    ///
    /// Throws IO_READ where the device fails, IO_CHANGED where the file has become shorter.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(CheckpointError) {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw changed("was shortened while it was read", found: "\(offset + done) bytes")
            } else if errno != EINTR {
                throw .system(errno, file: path)
            }
        }
    }

    /// Throws IO_CHANGED where the size or the time of the last change is no longer what it was when the file was opened.
    package func checkUnchanged() throws(CheckpointError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(errno, file: path) }
        guard Int(status.st_size) == size, Self.modified(status) == modified else {
            throw changed("was changed while it was read", found: "\(status.st_size) bytes")
        }
    }

    private func changed(_ problem: String, found: String) -> CheckpointError {
        CheckpointError(
            .fileChanged, file: path, problem, found: found, expected: "\(size) bytes, untouched",
            next: "load it again once nothing writes to it")
    }

    /// What a thing is that is not a regular file; nil for a regular file.
    static func irregularKind(of status: stat) -> String? {
        switch status.st_mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "a directory"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }

    private static func modified(_ status: stat) -> Modified {
        #if canImport(Darwin)
            Modified(seconds: status.st_mtimespec.tv_sec, nanoseconds: status.st_mtimespec.tv_nsec)
        #else
            Modified(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        #endif
    }
}
