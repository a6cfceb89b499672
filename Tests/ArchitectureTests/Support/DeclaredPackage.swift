import FoundationEssentials

/// What the manifest declares: the targets and what each may import.
struct DeclaredPackage {
    /// One target of the manifest.
    struct Target {
        let name: String
        /// The folder, relative to the package root.
        var path: String
        var isTest = false
        /// Targets of this package that it depends on.
        var targets: [String] = []
        /// Products of other packages that it depends on; each is the module of that name.
        var products: [String] = []

        /// Every module that the target may import.
        var dependencies: Set<String> { Set(targets + products) }
    }

    let targets: [Target]

    /// The target whose folder holds the file, the deepest where folders nest.
    func target(ofFile path: String) -> Target? {
        targets.filter { path.hasPrefix($0.path + "/") }.max { $0.path.utf8.count < $1.path.utf8.count }
    }

    subscript(name: String) -> Target? { targets.first { $0.name == name } }

    /// All targets of this package below `name`, at any distance.
    func reachable(from name: String) -> Set<String> {
        var found: Set<String> = []
        var open = self[name]?.targets ?? []
        while let next = open.popLast() {
            if found.insert(next).inserted { open += self[next]?.targets ?? [] }
        }
        return found
    }
}

extension DeclaredPackage {
    /// The manifest of this checkout, as SwiftPM reads it.
    ///
    /// SwiftPM locks its scratch folder, and the `swift test` that runs us holds that lock to the end: asked about the
    /// same folder, it would wait for us while we wait for it. So it gets a scratch folder of its own, and the command
    /// is `dump-package`, which evaluates the manifest and fetches nothing (`describe` would clone the dependencies).
    static func checkout() throws -> DeclaredPackage {
        try loaded.get()
    }

    private static let loaded = Result {
        guard let swift = Command.find("swift", variable: "SWIFT") else {
            throw Command.Failure(description: "no swift along PATH; name it in the environment variable SWIFT")
        }
        let folder = TemporaryFolder()
        let arguments = [
            "package", "--package-path", SourceTree.root.path, "--scratch-path",
            folder.url.appending(path: "scratch").path,
            "--manifest-cache", "none", "dump-package",
        ]
        let result = try Command(program: swift, arguments: arguments, timeLimit: 120).run(in: folder)
        guard result.status == 0 else {
            throw Command.Failure(description: "swift package dump-package failed:\n\(result.errors)")
        }
        let manifest = try JSONDecoder().decode(Manifest.self, from: Data(result.output.utf8))
        return DeclaredPackage(targets: manifest.targets.map(\.target))
    }

    private struct Manifest: Decodable {
        let targets: [ManifestTarget]
    }

    private struct ManifestTarget: Decodable {
        let name: String
        let type: String
        let path: String?
        let dependencies: [ManifestDependency]

        var target: Target {
            let isTest = type == "test"
            return Target(
                name: name, path: path ?? (isTest ? "Tests/\(name)" : "Sources/\(name)"), isTest: isTest,
                targets: dependencies.filter { !$0.isProduct }.map(\.name),
                products: dependencies.filter(\.isProduct).map(\.name))
        }
    }

    /// `{"byName": ["Operations", null]}`, `{"product": ["ArgumentParser", "swift-argument-parser", null, null]}`.
    private struct ManifestDependency: Decodable {
        let name: String
        let isProduct: Bool

        init(from decoder: any Decoder) throws {
            let values = try decoder.singleValueContainer().decode([String: [Ignored]].self)
            guard let (kind, fields) = values.first, let name = fields.first?.text else {
                let context = DecodingError.Context(
                    codingPath: decoder.codingPath, debugDescription: "no dependency name")
                throw DecodingError.dataCorrupted(context)
            }
            self.name = name
            isProduct = kind == "product"
        }
    }

    /// A field that may be a name, null or a condition.
    private struct Ignored: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            text = try? decoder.singleValueContainer().decode(String.self)
        }
    }
}
