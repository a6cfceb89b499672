#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An output file that appears whole or not at all.
///
/// Bytes go to `FILE.partial`, which `commit` renames to `FILE`; without a commit the partial file is removed and a `FILE`
/// that existed stays as it was. A link is followed, so that its target is replaced and not the link. What is not a regular
/// file (a pipe, `/dev/null`) is written directly, since renaming over it would destroy it.
package final class AtomicFile {
    /// The path as the caller gave it.
    package let path: String
    private let destination: String
    /// Where the bytes lie until the commit; nil for what is written directly.
    package let partial: String?
    private var descriptor: CInt
    /// Whether the partial file stays when this object goes without a commit, for a later run to go on with.
    package var keepsPartial: Bool

    /// Opens `FILE.partial` beside the destination, cut to its first `keeping` bytes.
    ///
    /// Throws IO_NOT_FOUND where the directory does not exist, IO_PERM, IO_SPACE, IO_WRITE, IO_NOT_FILE for a directory, or
    /// IO_BUSY where another process is writing the same file.
    ///
    /// - Parameter suffix: What the partial file is called behind the destination.
    package init(
        _ path: String, keeping: Int = 0, suffix: String = AtomicFile.partialSuffix
    ) throws(CheckpointError) {
        guard !path.utf8.contains(0), !path.isEmpty else {
            throw CheckpointError(.fileNotFound, file: path, "is not a path", next: "name a file")
        }
        let target = try Target(path)
        self.path = path
        destination = target.path
        keepsPartial = keeping > 0
        partial = target.isReplaced ? target.path + suffix : nil
        descriptor = -1
        let flags = O_WRONLY | O_CLOEXEC | (target.isReplaced ? O_CREAT : 0)
        repeat {
            if descriptor >= 0 { close(descriptor) }
            repeat { descriptor = open(partial ?? destination, flags, 0o666) } while descriptor < 0 && errno == EINTR
            guard descriptor >= 0 else {
                // A folder that is missing is told of the file that was asked for.
                let isFolderMissing = errno == ENOENT || errno == ENOTDIR
                throw .system(errno, file: isFolderMissing ? path : partial ?? path, writing: true)
            }
            guard let partial, flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { continue }
            close(descriptor)
            descriptor = -1
            throw CheckpointError(
                .fileBusy, file: partial, "is being written by another process",
                next: "wait for it, or name another output file")
        } while partial.map { !Self.isNamed($0, descriptor) } ?? false
        if target.isReplaced {
            guard ftruncate(descriptor, off_t(keeping)) == 0, lseek(descriptor, 0, SEEK_END) == off_t(keeping) else {
                throw .system(errno, file: partial ?? path, writing: true)
            }
        }
    }

    /// Whether a file has still the name that it was opened under: another process may have given it its final one.
    private static func isNamed(_ path: String, _ descriptor: CInt) -> Bool {
        var (opened, named) = (stat(), stat())
        guard fstat(descriptor, &opened) == 0, stat(path, &named) == 0 else { return false }
        return opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    }

    /// The file that an interrupted run has left for `path`, and a later one may go on with.
    package static func partialPath(
        of path: String, suffix: String = AtomicFile.partialSuffix
    ) throws(CheckpointError) -> String {
        try Target(path).path + suffix
    }

    /// What a partial file is called behind its destination.
    package static let partialSuffix = ".partial"

    deinit {
        guard descriptor >= 0 else { return }
        // Under the lock: once it is gone the name may be that of another process's file.
        if let partial, !keepsPartial { unlink(partial) }
        close(descriptor)
    }

    /// Appends bytes.
    ///
    /// Throws IO_SPACE or IO_WRITE; the partial file is then removed when this object goes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        precondition(descriptor >= 0, "a write to \(path) after its commit")
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            // Qualified, or the name would be this method's own.
            #if canImport(Darwin)
                let count = Darwin.write(descriptor, rest.baseAddress, rest.count)
            #else
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            #endif
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                throw .system(errno, file: path, writing: true)
            }
        }
    }

    /// Appends bytes.
    package func write(_ bytes: [UInt8]) throws(CheckpointError) { try writeElements(of: bytes) }

    /// Appends values as they lie in memory (little endian).
    package func write(_ values: [Float]) throws(CheckpointError) { try writeElements(of: values) }

    /// Appends text as UTF-8.
    package func write(_ text: String) throws(CheckpointError) { try writeElements(of: Array(text.utf8)) }

    /// Writes over the first bytes, of which there are as many already: a count that is known only at the end, say.
    ///
    /// Throws IO_SPACE or IO_WRITE, the latter for what is not a regular file.
    package func replaceBeginning(_ bytes: [UInt8]) throws(CheckpointError) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(done)) }
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                throw .system(errno, file: path, writing: true)
            }
        }
    }

    /// Gives the file its name; nothing can be written afterwards.
    ///
    /// Throws IO_SPACE or IO_WRITE where the last bytes cannot be stored, IO_PERM where the name cannot be taken.
    package func commit() throws(CheckpointError) {
        precondition(descriptor >= 0, "a second commit of \(path)")
        // Before the name: else a power cut may leave the name without the content. What cannot be synced need not be.
        if partial != nil, fsync(descriptor) != 0, ![EINVAL, EROFS, ENOTSUP].contains(errno) {
            throw .system(errno, file: path, writing: true)
        }
        guard let partial else {
            close(descriptor)
            descriptor = -1
            return
        }
        // What a file system tells only at closing it tells a copy too, and the lock stays.
        let copy = dup(descriptor)
        guard copy < 0 || close(copy) == 0 || errno == EINTR else { throw .system(errno, file: path, writing: true) }
        // Under the lock: a process that waits for it must find that the name has gone.
        guard rename(partial, destination) == 0 else { throw .system(errno, file: path, writing: true) }
        close(descriptor)
        descriptor = -1
    }

    /// Writes a whole file at once.
    package static func write(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
        let file = try AtomicFile(path)
        try file.write(bytes)
        try file.commit()
    }

    private func writeElements<Element: BitwiseCopyable>(of array: [Element]) throws(CheckpointError) {
        var failure: CheckpointError?
        array.withUnsafeBytes { bytes in
            do throws(CheckpointError) {
                try write(bytes)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Where bytes end up, and whether they get there by renaming.
    private struct Target {
        let path: String
        let isReplaced: Bool

        init(_ path: String) throws(CheckpointError) {
            var status = stat()
            guard stat(path, &status) == 0 else {
                // Not there yet, or a link to nothing; open and rename say what else is wrong.
                self.path = path
                isReplaced = true
                return
            }
            switch InputFile.irregularKind(of: status) {
            case nil:
                guard let resolved = realpath(path, nil) else {
                    throw .system(errno, file: path, writing: true)
                }
                defer { free(resolved) }
                self.path = String(cString: resolved)
                isReplaced = true
            case "a directory": throw .system(EISDIR, file: path, writing: true)
            default:
                self.path = path
                isReplaced = false
            }
        }
    }
}
