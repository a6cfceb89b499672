import FoundationEssentials

/// The text files of a package by their path from its root: the real checkout, or one made up to try a check on.
struct SourceTree {
    /// Contents by path, such as `Sources/Fovea/Model.swift`.
    let files: [String: String]
    /// Folders directly below `Sources`.
    let sourceFolders: Set<String>

    /// A made-up tree.
    init(_ files: [String: String]) {
        self.files = files
        let parts = files.keys.map { $0.split(separator: "/").map(String.init) }
        sourceFolders = Set(parts.filter { $0.count > 2 && $0[0] == "Sources" }.map { $0[1] })
    }

    /// The checkout that these tests were compiled from.
    static func checkout() throws -> SourceTree {
        try loaded.get()
    }

    private static let loaded = Result {
        var files: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: root.path) where !isIgnored(name) {
            try collect(name, into: &files)
        }
        return SourceTree(files)
    }

    /// The package root, found from this file's own place.
    static let root: URL = {
        var url = URL(filePath: #filePath)
        for _ in 1...4 { url.deleteLastPathComponent() }
        return url
    }()

    /// The paths in `folder`, at any depth, whose name ends in one of `suffixes`; sorted.
    func paths(in folder: String, endingIn suffixes: String...) -> [String] {
        files.keys.filter { path in path.hasPrefix(folder + "/") && suffixes.contains { path.hasSuffix($0) } }.sorted()
    }

    private static func collect(_ path: String, into files: inout [String: String]) throws {
        let url = root.appending(path: path)
        var isFolder = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return }
        if isFolder {
            for name in try FileManager.default.contentsOfDirectory(atPath: url.path) where !isIgnored(name) {
                try collect(path + "/" + name, into: &files)
            }
        } else if let text = try? String(contentsOf: url, encoding: .utf8) {
            // What is not UTF-8 is a picture or weights: no rule speaks of them.
            files[path] = text
        }
    }

    /// What git ignores, and git itself.
    private static func isIgnored(_ name: String) -> Bool {
        name == ".git" || name.hasPrefix(".build") || name == ".swiftpm" || name == "Package.resolved"
            || name == "carry" || name == "__pycache__" || name.hasSuffix(".partial")
    }
}
