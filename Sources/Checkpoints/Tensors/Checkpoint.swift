package import Operations

/// Named tensors that lie in some file, each read when asked for.
///
/// Safe to read from several threads at once.
package protocol Checkpoint: Sendable {
    /// What messages call the file.
    var file: String { get }

    /// All names, in the order of the file.
    var names: [String] { get }

    /// Strings that the writer of the file left in it.
    var metadata: [String: String] { get }

    /// Encoding and shape of a tensor; nil where the checkpoint has no tensor of that name.
    func layout(of name: String) -> TensorLayout?

    /// Reads a tensor as Float, and counts what is not finite.
    ///
    /// Throws MODEL_MISSING for a name the checkpoint has not, ST_DTYPE (or its like of another format) for integers, and
    /// IO_* where the file fails or has changed.
    func readCounting(_ name: String) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount)

    /// Reads one slice `[…]` of a tensor `[count, …]`, by its position along the first axis, as `readCounting` does.
    ///
    /// A format that can reads no more than the slice. The caller has checked that the tensor has such a slice.
    func readCounting(
        _ name: String, slice: Int
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount)

    /// What the file is known to mean beyond its tensors; nothing for most.
    var facts: CheckpointFacts { get }

    /// What the file itself calls the tensor that this checkpoint presents under a name, or would call it if it had it.
    ///
    /// Nil where the names are the file's own. For messages.
    func storedName(of name: String) -> String?
}

/// How a tensor is stored.
package struct TensorLayout: Hashable, Sendable {
    /// Encoding of an element.
    package let scalarType: ScalarType
    /// Lengths of the axes, row-major.
    package let shape: Shape

    /// Describes a stored tensor.
    package init(_ scalarType: ScalarType, _ shape: Shape) {
        self.scalarType = scalarType
        self.shape = shape
    }
}

extension Checkpoint {
    /// Nothing: the tensors are all that is known.
    package var facts: CheckpointFacts { CheckpointFacts() }

    /// Nil: names are the file's own.
    package func storedName(of name: String) -> String? { nil }

    /// Reads a slice out of the whole tensor.
    package func readCounting(
        _ name: String, slice: Int
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        let (tensor, _) = try readCounting(name)
        let shape = Shape(Array(tensor.shape.dimensions.dropFirst()))
        let values = Array(tensor.values[(slice * shape.count)..<((slice + 1) * shape.count)])
        return (HostTensor(shape, values), NonFiniteCount(of: values))
    }

    /// The shape of a tensor; nil where the checkpoint has no tensor of that name.
    package func shape(of name: String) -> Shape? { layout(of: name)?.shape }

    /// The encoding of a tensor; nil where the checkpoint has no tensor of that name.
    package func scalarType(of name: String) -> ScalarType? { layout(of: name)?.scalarType }

    /// Whether the checkpoint has a tensor of that name.
    package func contains(_ name: String) -> Bool { layout(of: name) != nil }

    /// Reads a tensor as Float.
    ///
    /// Throws as `readCounting` does, and MODEL_NONFINITE for NaN or infinity unless they are allowed.
    package func read(_ name: String, allowingNonFinite: Bool = false) throws(CheckpointError) -> HostTensor {
        let (tensor, nonFinite) = try readCounting(name)
        guard !allowingNonFinite, let index = nonFinite.firstIndex else { return tensor }
        throw CheckpointError(
            .modelNonFinite, file: file, tensor: name, "holds values that are not finite",
            found: "\(tensor.values[index]) at index \(index) and \(nonFinite.count) in all, of \(tensor.values.count)",
            expected: "finite values", next: "download the file again, or allow them with --allow-nonfinite")
    }

    /// The error for a tensor that is not there.
    func missing(_ name: String) -> CheckpointError {
        CheckpointError(
            .modelMissing, file: file, tensor: name, "is not in the checkpoint, which has \(names.count) tensors",
            next: "check that the file belongs to this model")
    }
}
