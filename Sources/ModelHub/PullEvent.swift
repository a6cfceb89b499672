/// What a download tells while it runs.
package enum PullEvent: Sendable {
    /// A file that lies in the cache already, whole and with the right hash.
    case present(name: String, size: Int)
    /// A file begins, or goes on where an earlier download stopped.
    case begins(name: String, size: Int, at: Int)
    /// More bytes of the file that has begun.
    case received(Int)
    /// The file that has begun is whole, and its hash is right.
    case finished
    /// Something failed and is tried again.
    case retry(String, after: Duration)
    /// Another process downloads the same file.
    case waiting(name: String)
}
