import Operations

/// What was asked of a checkpoint in one load, and what was wrong with it.
final class WeightLedger {
    let checkpoint: any Checkpoint
    let separator: String
    private let allowingNonFinite: Bool
    private var ignored: [NamePattern]
    private var read: Set<String> = []
    private var missing: [String] = []
    private var misshapen: [Misshapen] = []
    private var noted: Set<String> = []
    private var zerosGiven = 0.0
    /// Values of all tensors of the file.
    private lazy var valuesHeld = checkpoint.names.reduce(0) { $0 + Double(checkpoint.shape(of: $1)?.count ?? 0) }

    private struct Misshapen {
        let name: String
        let found: Shape
        let expected: Shape

        var shapes: String { "found \(found), expected \(expected)" }
    }

    init(_ checkpoint: any Checkpoint, ignoring: [NamePattern], allowingNonFinite: Bool, separator: String) {
        self.checkpoint = checkpoint
        self.separator = separator
        self.allowingNonFinite = allowingNonFinite
        ignored = ignoring
    }

    func ignore(_ pattern: NamePattern) { ignored.append(pattern) }

    /// Reads a tensor, or notes what is wrong with it and gives zeros; throws what was noted so far where these are too many.
    func read(_ name: String, shape: Shape) throws(CheckpointError) -> HostTensor {
        guard let found = checkpoint.shape(of: name) else {
            if noted.insert(name).inserted { missing.append(name) }
            return try zeros(shape)
        }
        read.insert(name)
        guard found == shape else {
            if noted.insert(name).inserted {
                misshapen.append(Misshapen(name: name, found: found, expected: shape))
            }
            return try zeros(shape)
        }
        // The load has failed already: what is left is to find the other problems, for which no value is needed.
        guard noted.isEmpty else { return HostTensor(shape) }
        return try checkpoint.read(name, allowingNonFinite: allowingNonFinite)
    }

    /// Zeros in place of a tensor that is not there as it should be.
    ///
    /// Throws where all that were given hold more values than the file does, and more than 256 MiB: only what somebody wrote
    /// into a configuration then stands for them, and memory is taken for what the file shows alone.
    private func zeros(_ shape: Shape) throws(CheckpointError) -> HostTensor {
        zerosGiven += shape.dimensions.reduce(1) { $0 * Double($1) }
        if zerosGiven > max(valuesHeld, 0x1p26), let error = error(unexpected: []) { throw error }
        return HostTensor(shape)
    }

    var unread: [String] {
        checkpoint.names.filter { name in !read.contains(name) && !ignored.contains { $0.matches(name) } }
    }

    /// The error that tells all problems; nil where there are none.
    func error(unexpected: [String]) -> CheckpointError? {
        var parts: [String] = []
        let missing = missing.map(described)
        if !missing.isEmpty { parts.append("lacks " + Self.list(missing, "tensor")) }
        if !misshapen.isEmpty {
            parts.append(
                "has another shape for "
                    + Self.list(misshapen.map { "\(described($0.name)) \($0.shapes)" }, "tensor"))
        }
        if !unexpected.isEmpty {
            parts.append("has " + Self.list(unexpected.map(described), "tensor") + " that no part of the model reads")
        }
        guard !parts.isEmpty else { return nil }
        let code: CheckpointError.Code =
            !missing.isEmpty ? .modelMissing : !misshapen.isEmpty ? .modelShape : .modelUnexpected
        return CheckpointError(
            code, file: checkpoint.file, parts.joined(separator: ", "),
            next: "check that the weights and the configuration belong to the same model",
            details: missing.map { "missing: \($0)" } + misshapen.map { "shape: \(described($0.name)) \($0.shapes)" }
                + unexpected.map { "unexpected: \(described($0))" })
    }

    /// A name, and what the file itself calls it where that is something else.
    private func described(_ name: String) -> String {
        checkpoint.storedName(of: name).map { "\(name) (in the file \($0))" } ?? name
    }

    /// Names the first five of a list, and how many there are.
    private static func list(_ names: [String], _ noun: String) -> String {
        let shown = names.prefix(5).map { $0.abbreviated(to: 200) }.joined(separator: ", ")
        let more = names.count > 5 ? " and \(names.count - 5) more" : ""
        return "\(names.count) \(noun)\(names.count == 1 ? "" : "s") (\(shown)\(more))"
    }
}
