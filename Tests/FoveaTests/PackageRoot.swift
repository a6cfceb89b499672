import FoundationEssentials
import Testing

/// Where the package lies, and the folder of shared material beside it.
enum PackageRoot {
    static let path = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })
    static let shared = path + "/../shared"
}

extension Trait where Self == ConditionTrait {
    /// Skips where a folder of the shared material is missing, and says so.
    static func requiresShared(_ folder: String) -> Self {
        .enabled(
            if: FileManager.default.fileExists(atPath: "\(PackageRoot.shared)/\(folder)"),
            "needs ../shared/\(folder), which is not here")
    }
}

/// A folder that goes when the test has run.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "fovea-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }
}
