/// Every import is of the toolchain or declared by the importing target.
///
/// `--explicit-target-dependency-import-check` alone does not see an import for which any transitive path exists.
enum ImportCheck {
    /// Modules that come with the toolchain or the system, and what each is for.
    static let toolchain: Set<String> = [
        "Darwin", "Glibc", "Musl",  // the C library
        "Dispatch",  // rows over the cores
        "FoundationEssentials",  // files, JSON; whole Foundation makes the binary huge and slow to start
        "Synchronization",  // locks and atomics
    ]

    /// What tests may import besides.
    static let toolchainOfTests: Set<String> = toolchain.union(["Testing"])

    static func findings(in tree: SourceTree, _ package: DeclaredPackage) -> [Finding] {
        (tree.paths(in: "Sources", endingIn: ".swift") + tree.paths(in: "Tests", endingIn: ".swift")).flatMap { path in
            imports(of: tree.files[path] ?? "").compactMap { finding($0, in: path, package) }
        }
    }

    private static func finding(_ statement: Import, in path: String, _ package: DeclaredPackage) -> Finding? {
        guard let target = package.target(ofFile: path) else {
            return Finding(path: path, message: "lies in no target of Package.swift")
        }
        if statement.module == "Foundation" && statement.isWithoutEssentials { return nil }
        let known = target.isTest ? toolchainOfTests : toolchain
        if known.contains(statement.module) || target.dependencies.contains(statement.module) { return nil }
        let advice =
            statement.module == "Foundation"
            ? "import FoundationEssentials or the C library" : "declare it in Package.swift or do without it"
        return Finding(
            path: path, line: statement.line,
            message: "imports \(statement.module), which \(target.name) does not declare; \(advice)")
    }

    /// One import statement.
    struct Import: Equatable {
        let module: String
        let line: Int
        /// Compiled only where FoundationEssentials does not exist: there, and nowhere else, Foundation is a substitute.
        let isWithoutEssentials: Bool
    }

    /// The import statements of a Swift text, whatever attributes, access, kind or condition they carry.
    static func imports(of text: String) -> [Import] {
        var found: [Import] = []
        var conditions: [Condition] = []
        var isAfterImport = false
        for (number, line) in CodeText(text, .swift).keeping(.code).numberedLines {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == ";" }
            if let directive = words.first, directive.hasPrefix("#") {
                follow(directive, words.dropFirst().joined(), &conditions)
            }
            for word in words {
                if isAfterImport && !importKinds.contains(word) {
                    let module = word.prefix { $0 != "." }.filter { $0 != "`" }
                    let isWithoutEssentials = conditions.contains(where: \.isWithoutEssentials)
                    found.append(Import(module: module, line: number, isWithoutEssentials: isWithoutEssentials))
                    isAfterImport = false
                } else if word == "import" {
                    isAfterImport = true
                }
            }
        }
        return found
    }

    private static let importKinds: Set<Substring> = [
        "actor", "class", "enum", "func", "let", "protocol", "struct", "typealias", "var",
    ]

    /// One open `#if` and the branch of it that we are in.
    private struct Condition {
        var text: String
        var isElse = false

        var isWithoutEssentials: Bool {
            text == (isElse ? "canImport(FoundationEssentials)" : "!canImport(FoundationEssentials)")
        }
    }

    private static func follow(_ directive: Substring, _ text: String, _ conditions: inout [Condition]) {
        switch directive {
        case "#if": conditions.append(Condition(text: text))
        case "#elseif" where !conditions.isEmpty: conditions[conditions.count - 1] = Condition(text: text)
        case "#else" where !conditions.isEmpty: conditions[conditions.count - 1].isElse = true
        case "#endif": _ = conditions.popLast()
        default: break
        }
    }
}
