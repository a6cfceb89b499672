import FoundationEssentials

/// An empty folder that is gone with its last user.
final class TemporaryFolder: Sendable {
    /// Where it is.
    let url: URL

    init() {
        url = FileManager.default.temporaryDirectory.appending(path: "fovea-architecture-\(UUID().uuidString)")
        // Where this fails, the first write into the folder says so.
        try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }
}
