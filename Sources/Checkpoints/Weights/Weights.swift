package import Operations

/// A checkpoint seen through a path: `weights["blocks"][3]["attn.qkv"]("weight", shape: [3 * D, D])`.
///
/// Every name asked for is noted, and every tensor that is missing or has another shape. Such a tensor reads as zeros, so
/// that a model can be read to its end and all problems be told at once: whoever starts with a checkpoint must end with
/// `finish()`, which throws the list, or use `Checkpoint.load`, which cannot be forgotten. All views of one checkpoint share
/// their notes. Where the zeros would outgrow the file, the problems found so far are thrown at once. Not `Sendable`: one
/// load, one thread.
package struct Weights {
    /// The checkpoint behind the view.
    package var checkpoint: any Checkpoint { ledger.checkpoint }
    /// The full name of what this view is rooted at, without a final separator; empty at the top.
    package let path: String
    private let ledger: WeightLedger

    /// Sees a whole checkpoint.
    ///
    /// `ignoring` lists names that may stay unread (`mask_token`, `pooler.dense.*`); `separator` stands between the parts of
    /// a name, `.` for PyTorch and `/` for JAX.
    package init(
        _ checkpoint: any Checkpoint, ignoring: [NamePattern] = [], allowingNonFinite: Bool = false,
        separator: String = "."
    ) {
        path = ""
        ledger = WeightLedger(
            checkpoint, ignoring: ignoring, allowingNonFinite: allowingNonFinite, separator: separator)
    }

    private init(path: String, ledger: WeightLedger) {
        self.path = path
        self.ledger = ledger
    }

    /// What lies below a name; the empty name is this view itself, which makes an optional prefix easy.
    package subscript(name: String) -> Weights { Weights(path: fullName(name), ledger: ledger) }

    /// What lies below a number, as in a list of layers.
    package subscript(index: Int) -> Weights { self[String(index)] }

    /// Whether the tensor itself exists; does not count as reading it.
    package func contains(_ name: String) -> Bool { checkpoint.contains(fullName(name)) }

    /// The shape of a tensor, nil where it does not exist; does not count as reading it.
    package func shape(of name: String) -> Shape? { checkpoint.shape(of: fullName(name)) }

    /// The names below this view, without its path, in the order of the checkpoint.
    package var names: [String] {
        guard !path.isEmpty else { return checkpoint.names }
        let prefix = path + ledger.separator
        return checkpoint.names.compactMap { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil }
    }

    /// How many numbered children this view has, counted from 0 to the first gap: the depth of a list of layers.
    package var layerCount: Int {
        let numbers = Set(names.compactMap { Int($0.prefix { $0 != ledger.separator.first }) })
        return (0...numbers.count).first { !numbers.contains($0) } ?? 0
    }

    /// Reads a tensor that must have this shape.
    ///
    /// A missing tensor or another shape is noted for `finish` and reads as zeros. Throws MODEL_NONFINITE, IO_* or ST_* where
    /// the tensor cannot be read, and what `finish` would where the zeros would outgrow the file.
    package func tensor(_ name: String, shape: Shape) throws(CheckpointError) -> HostTensor {
        try ledger.read(fullName(name), shape: shape)
    }

    /// Reads a tensor that must have this shape, as `tensor(_:shape:)` does.
    package func callAsFunction(_ name: String, shape: Shape) throws(CheckpointError) -> HostTensor {
        try tensor(name, shape: shape)
    }

    /// Reads a tensor of this shape if it exists; nil where it does not.
    package func optional(_ name: String, shape: Shape) throws(CheckpointError) -> HostTensor? {
        contains(name) ? try tensor(name, shape: shape) : nil
    }

    /// Reads a tensor whatever its shape; throws MODEL_MISSING at once where it does not exist.
    package func tensor(_ name: String) throws(CheckpointError) -> HostTensor {
        let full = fullName(name)
        guard let shape = checkpoint.shape(of: full) else { throw checkpoint.missing(full) }
        return try ledger.read(full, shape: shape)
    }

    /// Notes that a name is known and deliberately not used, and so is not unexpected.
    package func ignore(_ pattern: NamePattern) { ledger.ignore(NamePattern(fullName(pattern.text))) }

    /// All names of the checkpoint that were neither read nor ignored so far, in its order.
    package var unread: [String] { ledger.unread }

    /// Throws unless every tensor asked for was there in its shape and every tensor there was asked for or ignored.
    ///
    /// The error is MODEL_MISSING, MODEL_SHAPE or MODEL_UNEXPECTED, by the worst that was found; its sentence names the
    /// first five of each, its `details` all. With `allowingUnexpected`, unread tensors are returned and not thrown.
    @discardableResult
    package func finish(allowingUnexpected: Bool = false) throws(CheckpointError) -> [String] {
        let unread = ledger.unread
        if let error = ledger.error(unexpected: allowingUnexpected ? [] : unread) { throw error }
        return unread
    }

    private func fullName(_ name: String) -> String {
        if path.isEmpty { return name }
        return name.isEmpty ? path : path + ledger.separator + name
    }
}

extension Checkpoint {
    /// Reads a model through `Weights` and throws unless all its tensors fit, as `Weights.finish` does.
    package func load<Model>(
        ignoring: [NamePattern] = [], allowingNonFinite: Bool = false, separator: String = ".",
        _ body: (Weights) throws -> Model
    ) throws -> Model {
        let weights = Weights(
            self, ignoring: ignoring, allowingNonFinite: allowingNonFinite, separator: separator)
        let model = try body(weights)
        try weights.finish()
        return model
    }
}
