package import Operations

/// A checkpoint in the safetensors format, its header read strictly.
///
/// 8 bytes of header length, a JSON header, then the tensors' bytes without gap or overlap; the rules are those of the
/// format's reference implementation (huggingface/safetensors, `tensor.rs`). The differences, all stricter: the header must
/// begin with `{` as the format's description says, duplicate keys are refused everywhere, padding behind it is 0x20 only,
/// nesting ends at four, at most 100,000 tensors of at most 64 axes, names of at most 4 KiB, lengths that overflow are
/// refused even beside a zero, and so are scalar types that Fovea does not know. Nothing is allocated by a number from the
/// file before that number was held against the file's size.
package struct SafeTensors: Checkpoint {
    /// All names, in the order of the header.
    package let names: [String]
    /// The strings of `__metadata__`.
    package let metadata: [String: String]
    private let source: ByteSource
    private let entries: [String: SafeTensorsHeader.Entry]
    /// Where the tensors' bytes begin.
    private let dataOffset: Int

    /// The path, or the name that memory was given.
    package var file: String { source.name }

    /// Opens a file and reads its header; tensors are read when asked for.
    ///
    /// Throws ST_* for a bad header, IO_* where the file cannot be read.
    package init(contentsOf path: String) throws(CheckpointError) {
        try self.init(.file(try InputFile(path)))
    }

    /// Reads a checkpoint in memory; `name` is what messages call it.
    package init(bytes: [UInt8], name: String) throws(CheckpointError) {
        try self.init(.bytes(bytes, name: name))
    }

    /// Reads the header of a checkpoint from any source.
    package init(_ source: ByteSource) throws(CheckpointError) {
        let header = try SafeTensorsHeader(source)
        self.source = source
        names = header.entries.map(\.name)
        metadata = header.metadata
        dataOffset = header.dataOffset
        entries = Dictionary(header.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Encoding and shape of a tensor; nil where there is none of that name.
    package func layout(of name: String) -> TensorLayout? { entries[name]?.layout }

    /// Reads a tensor as Float and counts what is not finite.
    ///
    /// Throws MODEL_MISSING, ST_DTYPE for integers, IO_READ and IO_CHANGED.
    package func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        guard let entry = entries[name] else { throw missing(name) }
        let layout = entry.layout
        guard layout.scalarType.isFloatingPoint else {
            throw CheckpointError(
                .safeTensorsScalarType, file: file, tensor: name, "is not a tensor of real numbers",
                found: layout.scalarType.rawValue, expected: "F32, F16, BF16 or F64")
        }
        let (values, nonFinite) = try source.floats(
            layout.scalarType, count: layout.shape.count, at: dataOffset + entry.range.lowerBound)
        try source.checkUnchanged()
        return (HostTensor(layout.shape, values), nonFinite)
    }
}
