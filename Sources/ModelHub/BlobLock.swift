import Checkpoints

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A lock among processes: one downloads a blob, the others wait for it.
final class BlobLock {
    private let descriptor: CInt

    /// Opens the file that is locked.
    init(_ path: String) throws(CheckpointError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .system(errno, file: path, writing: true) }
    }

    // The lock goes with the descriptor, however the process ends. Its file stays: another may wait at it.
    deinit { close(descriptor) }

    /// Takes the lock where nobody has it; a file system without locks counts as one where nobody has.
    func take() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK }
}
