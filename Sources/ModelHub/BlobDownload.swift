import AsyncHTTPClient
import Checkpoints
import NIOCore
import NIOHTTP1

/// The download of one file's content: resumed where it was cut off, measured, hashed, and only then given its name.
struct BlobDownload {
    let file: HubFile
    let hub: HubConnection
    let folder: CacheFolder
    let retries: RetryPolicy
    let report: (PullEvent) -> Void

    private var blob: String { folder.blob(file.hash) }

    /// Makes the content lie in the cache.
    func run() async throws(CheckpointError) {
        let lock = try BlobLock(folder.lock(file.hash))
        try await take(lock)
        // The lock is held to the end of this function.
        defer { withExtendedLifetime(lock) {} }
        if try isPresent() { return report(.present(name: file.name, size: file.size)) }

        let part = try PartialBlob(file, for: blob)
        var isResumed = part.count > 0
        report(.begins(name: file.name, size: file.size, at: part.count))
        var attempts = Retries(retries, report: report)
        while true {
            if !part.isWhole { try await fetch(part, &attempts) }
            if part.hasRightHash { break }
            guard isResumed else {
                part.remove()
                throw CheckpointError(
                    .hubChecksum, file: file.name, "came with another hash than the hub names for it",
                    expected: file.hash, next: "try again; nothing of it was kept")
            }
            // What an earlier download has left may be to blame.
            isResumed = false
            try part.restart()
            report(.begins(name: file.name, size: file.size, at: 0))
        }
        try part.commit(to: blob)
        report(.finished)
    }

    private func take(_ lock: BlobLock) async throws(CheckpointError) {
        var isSaid = false
        while !lock.take() {
            if !isSaid { report(.waiting(name: file.name)) }
            isSaid = true
            do {
                try await Task.sleep(for: .milliseconds(200))
            } catch {
                throw .hub(connection: error, url: file.path)
            }
        }
    }

    /// Whether the content lies there, whole and with the right hash; what has another is downloaded again.
    private func isPresent() throws(CheckpointError) -> Bool {
        guard let source = (try? InputFile(blob)).map(ByteSource.file), source.size == file.size,
            var digest = Digest(named: file.hash, size: file.size)
        else { return false }
        for start in stride(from: 0, to: source.size, by: 1 << 20) {
            digest.update(try source.bytes(in: start..<min(source.size, start + 1 << 20)))
        }
        return digest.finish() == file.hash
    }

    /// Fetches until all bytes are there, or nothing more is to be hoped for.
    private func fetch(_ part: PartialBlob, _ attempts: inout Retries) async throws(CheckpointError) {
        while true {
            let before = part.count
            do throws(HubFailure) {
                try await fetchOnce(part)
                return
            } catch {
                if case .final(let error) = error, error.code == .hubSize { part.remove() }
                let madeProgress = part.count > before
                try await attempts.wait(after: error, madeProgress: madeProgress)
            }
        }
    }

    private func fetchOnce(_ part: PartialBlob) async throws(HubFailure) {
        let start = part.count
        let answer = try await hub.ask(.GET, file.path, range: start > 0 ? start : nil, accepting: [416])
        do throws(CheckpointError) {
            try place(answer, part)
        } catch {
            throw .final(error)
        }
        guard answer.status != 416 else {
            throw .transient(.hub(answer: "refuses to go on at byte \(start)", from: answer.url))
        }
        do {
            for try await chunk in answer.response.body {
                do throws(CheckpointError) {
                    try chunk.withUnsafeReadableBytes { bytes throws(CheckpointError) in try part.append(bytes) }
                } catch {
                    throw HubFailure.final(error)
                }
                report(.received(chunk.readableBytes))
            }
        } catch let failure as HubFailure {
            throw failure
        } catch {
            throw .transient(.hub(connection: error, url: answer.url))
        }
        guard part.isWhole else {
            throw .transient(
                CheckpointError(
                    .hubSize, file: file.name, "ends early", found: "\(part.count) bytes", expected: "\(file.size)",
                    next: "run the command again, which goes on where it stopped"))
        }
    }

    /// Sees to it that the body of the answer continues what has come, and that lengths agree.
    private func place(_ answer: HubConnection.Answer, _ part: PartialBlob) throws(CheckpointError) {
        let total: Int?
        if answer.status == 206 {
            let (first, size) = Self.contentRange(answer.header("Content-Range"))
            guard first == part.count else {
                throw .hub(
                    answer: "sends another part than was asked for", found: answer.header("Content-Range"),
                    from: answer.url)
            }
            total = size
        } else {
            // The server knows no ranges, or not this one.
            if part.count > 0 {
                try part.restart()
                report(.begins(name: file.name, size: file.size, at: 0))
            }
            guard answer.status != 416 else { return }
            total = answer.header("Content-Length").flatMap { Int($0) }
        }
        guard let total, total != file.size else { return }
        throw CheckpointError(
            .hubSize, file: file.name, "has another length than the hub names for it", found: "\(total) bytes",
            expected: "\(file.size)", next: "try again later")
    }

    /// `bytes FIRST-LAST/SIZE`; the size may be `*`.
    private static func contentRange(_ text: String?) -> (first: Int?, size: Int?) {
        guard let text, text.hasPrefix("bytes ") else { return (nil, nil) }
        let parts = text.dropFirst(6).split { $0 == "-" || $0 == "/" }
        return parts.count == 3 ? (Int(parts[0]), Int(parts[2])) : (nil, nil)
    }
}
