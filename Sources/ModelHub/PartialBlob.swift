import Checkpoints

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `blobs/HASH.incomplete`: what has come of a file so far, which a later download goes on with.
final class PartialBlob {
    /// What the hub says of the file.
    let file: HubFile
    /// Bytes that have come.
    private(set) var count = 0
    private let path: String
    private let descriptor: CInt
    private var digest: Digest

    /// Opens what an earlier download has left, or begins anew.
    init(_ file: HubFile, for blob: String) throws(CheckpointError) {
        guard let digest = Digest(named: file.hash, size: file.size) else {
            throw .hub(answer: "names no hash that is known", found: file.hash, from: file.path)
        }
        (self.file, self.digest, path) = (file, digest, blob + ".incomplete")
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .system(errno, file: path, writing: true) }
        try readBack()
    }

    deinit { close(descriptor) }

    /// Whether all bytes have come.
    var isWhole: Bool { count == file.size }

    /// Whether the bytes that have come are those that the hub has named.
    var hasRightHash: Bool {
        let digest = digest
        return digest.finish() == file.hash
    }

    /// Appends bytes; throws HUB_SIZE where they are more than the file has, IO_SPACE or IO_WRITE.
    func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        guard bytes.count <= file.size - count else {
            throw CheckpointError(
                .hubSize, file: file.name, "goes on behind its end", found: "\(count + bytes.count) bytes or more",
                expected: "\(file.size)", next: "try again later; nothing of it was kept")
        }
        digest.update(bytes)
        var rest = bytes
        while !rest.isEmpty {
            let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(count))
            if written >= 0 {
                count += written
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            } else if errno != EINTR {
                throw .system(errno, file: path, writing: true)
            }
        }
    }

    /// Forgets what has come.
    func restart() throws(CheckpointError) {
        guard let fresh = Digest(named: file.hash, size: file.size) else { return }
        (digest, count) = (fresh, 0)
        guard ftruncate(descriptor, 0) == 0 else { throw .system(errno, file: path, writing: true) }
    }

    /// Gives the whole file its name.
    func commit(to blob: String) throws(CheckpointError) {
        // The name must not outlive the content where the machine goes down.
        guard fsync(descriptor) == 0, rename(path, blob) == 0 else { throw .system(errno, file: blob, writing: true) }
    }

    /// Removes what has come, since it is of no use to anybody.
    func remove() { unlink(path) }

    /// Takes what an earlier download has left into the digest.
    private func readBack() throws(CheckpointError) {
        let size = Int(lseek(descriptor, 0, SEEK_END))
        guard size > 0 else { return }
        guard size <= file.size else { return try restart() }
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while count < size {
            let length = pread(descriptor, &chunk, min(chunk.count, size - count), off_t(count))
            guard length > 0 else { throw .system(length < 0 ? errno : EIO, file: path) }
            chunk.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
            count += length
        }
    }
}
