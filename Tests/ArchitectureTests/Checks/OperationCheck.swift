/// An operation has the same name in every place where it lives: knowing one, a reader knows all.
enum OperationCheck {
    /// Files of the reference that hold no operation, by the start of their name.
    static let supportPrefixes = ["ReferenceBackend", "Parallel", "TransposedWeight"]

    /// Verbs of `Backend` whose operation is not the verb itself.
    static let operationOfVerb = ["embed": "PatchEmbedding", "gate": "Gating", "pool": "Pooling"]

    static func findings(in tree: SourceTree) -> [Finding] {
        let operations = operations(in: tree)
        return operations.flatMap { operation in
            missingPlaces(of: operation, in: tree).map {
                Finding(path: reference(operation), message: "operation \(operation) has no \($0)")
            }
        } + unreferencedVerbs(in: tree, operations)
    }

    /// What the reference defines, in order of name.
    static func operations(in tree: SourceTree) -> [String] {
        let names = tree.paths(in: "Sources/Operations/Reference", endingIn: ".swift").map { path in
            String(path.split(separator: "/").last?.prefix { $0 != "." && $0 != "+" } ?? "")
        }
        return Set(names).filter { name in !supportPrefixes.contains { name.hasPrefix($0) } }.sorted()
    }

    private static func missingPlaces(of operation: String, in tree: SourceTree) -> [String] {
        let files = [
            "Sources/OpenCLOperations/Operations/\(operation)+OpenCL.swift",
            "Sources/OperationCases/\(operation)Cases.swift",
        ]
        let kernels = tree.paths(in: "Kernels", endingIn: ".cl").map { KernelCheck.name(of: $0).filter { $0 != "_" } }
        let missingKernels = [operation.lowercased(), operation.lowercased() + "plain"].filter { !kernels.contains($0) }
        return files.filter { tree.files[$0] == nil }
            + missingKernels.map { $0.hasSuffix("plain") ? "plain twin in Kernels" : "file of its name in Kernels" }
    }

    /// Verbs that the reference does not define in a file of their own, once it defines any.
    private static func unreferencedVerbs(in tree: SourceTree, _ operations: [String]) -> [Finding] {
        let path = "Sources/Operations/Backend.swift"
        guard !operations.isEmpty else { return [] }
        return verbs(in: tree.files[path] ?? "").compactMap { verb in
            let operation = operationOfVerb[verb] ?? verb.prefix(1).uppercased() + verb.dropFirst()
            return operations.contains(operation)
                ? nil : Finding(path: path, message: "verb \(verb) has no \(reference(operation))")
        }
    }

    /// The functions of the protocol that compute a tensor from a tensor; preparing and moving compute nothing.
    static func verbs(in text: String) -> [String] {
        let code = CodeText(text, .swift).keeping(.code)
        guard let start = code.firstRange(of: "protocol Backend {"),
            let end = code[start.upperBound...].firstRange(of: "\n}")
        else { return [] }
        let moving: Set<Substring> = ["prepare", "upload", "download"]
        return code[start.upperBound..<end.lowerBound].split(separator: "func ").dropFirst()
            .map { $0.prefix(while: \.isWordCharacter) }.filter { !moving.contains($0) }.map(String.init)
    }

    private static func reference(_ operation: String) -> String {
        "Sources/Operations/Reference/\(operation).swift"
    }
}
