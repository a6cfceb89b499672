package import Operations

/// A checkpoint in NumPy's `.npz` format: a zip archive with an `.npy` file for each tensor.
///
/// Members may be stored or deflated; those that are not `.npy` files are passed over. Only the members' headers are read
/// when the file is opened. Objects are never read, nor is a checksum trusted: a member's content is checked the first time
/// it is read. Written by `numpy.savez`, and by JAX code for its checkpoints.
package struct NumPyArchive: Checkpoint {
    /// All names, in the order of the archive, without `.npy`.
    package let names: [String]
    private let archive: ZipArchive
    private let entries: [String: Entry]

    private struct Entry {
        let member: ZipMember
        let header: NumPyHeader

        var layout: TensorLayout { TensorLayout(header.scalarType, Shape(header.dimensions)) }
    }

    /// The path, or the name that memory was given.
    package var file: String { archive.file }

    /// Empty: the format has no place for them.
    package var metadata: [String: String] { [:] }

    /// Opens a file and reads its table of contents and the headers of its arrays.
    ///
    /// Throws ZIP_* for a bad archive, NPY_* for a bad array in it, IO_* where the file cannot be read.
    package init(contentsOf path: String) throws(CheckpointError) {
        try self.init(.file(try InputFile(path)))
    }

    /// Reads a checkpoint in memory; `name` is what messages call it.
    package init(bytes: [UInt8], name: String) throws(CheckpointError) {
        try self.init(.bytes(bytes, name: name))
    }

    /// Opens an archive from any source.
    package init(_ source: ByteSource) throws(CheckpointError) {
        try self.init(try ZipArchive(source, duplicates: .zipName))
    }

    init(_ archive: ZipArchive) throws(CheckpointError) {
        var names: [String] = []
        var entries: [String: Entry] = [:]
        for member in archive.members where member.name.hasSuffix(Self.suffix) {
            let prefix = try archive.prefix(NumPyHeader.prefixLength, of: member)
            let source = ByteSource.bytes(prefix, name: "\(archive.file): \(member.name.abbreviated(to: 200))")
            let name = String(member.name.dropLast(Self.suffix.count))
            names.append(name)
            entries[name] = Entry(member: member, header: try NumPyHeader(source, size: member.size))
        }
        guard !names.isEmpty else {
            let found = archive.members.prefix(3).map { "'\($0.name.abbreviated(to: 100))'" }.joined(separator: ", ")
            throw CheckpointError(
                .modelFormat, file: archive.file, "is a zip archive without NumPy arrays",
                found: found.isEmpty ? "no member" : found, expected: "members that end in .npy",
                next: "name a file that numpy.savez or torch.save wrote")
        }
        self.archive = archive
        self.names = names
        self.entries = entries
    }

    static let suffix = ".npy"

    /// Encoding and shape of a tensor; nil where there is none of that name.
    package func layout(of name: String) -> TensorLayout? { entries[name]?.layout }

    /// Reads a tensor as Float and counts what is not finite.
    ///
    /// Throws MODEL_MISSING, NPY_DTYPE for integers, ZIP_CRC and ZIP_DATA for a damaged member, IO_READ and IO_CHANGED.
    package func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        let entry = try realEntry(name)
        return try read(entry, 0..<entry.layout.shape.count, as: entry.layout.shape)
    }

    /// Reads one slice of a tensor; the whole member is passed over the first time, and where it is deflated.
    package func readCounting(
        _ name: String, slice: Int
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        let entry = try realEntry(name)
        let shape = Shape(Array(entry.header.dimensions.dropFirst()))
        let range = (slice * shape.count)..<((slice + 1) * shape.count)
        precondition(range.upperBound <= entry.layout.shape.count, "slice \(slice) of \(entry.layout.shape)")
        guard entry.header.isFortranOrder else { return try read(entry, range, as: shape) }
        let whole = try read(entry, 0..<entry.layout.shape.count, as: entry.layout.shape).tensor
        let values = Array(whole.values[range])
        return (HostTensor(shape, values), NonFiniteCount(of: values))
    }

    private func realEntry(_ name: String) throws(CheckpointError) -> Entry {
        guard let entry = entries[name] else { throw missing(name) }
        guard entry.header.scalarType.isFloatingPoint else {
            throw CheckpointError(
                .numPyScalarType, file: file, tensor: name, "is not a tensor of real numbers",
                found: entry.header.scalarType.rawValue, expected: "F32, F16, BF16 or F64")
        }
        return entry
    }

    /// Reads a range of elements in the order of the file, then puts them into row-major order.
    private func read(
        _ entry: Entry, _ range: Range<Int>, as shape: Shape
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        let (header, type) = (entry.header, entry.header.scalarType)
        let start = header.dataOffset + range.lowerBound * type.byteCount
        let bytes = try archive.bytes(of: entry.member, in: start..<(start + range.count * type.byteCount))
        var (values, nonFinite) = try ByteSource.bytes(bytes, name: file).floats(
            type, count: range.count, at: 0, isBigEndian: header.isBigEndian)
        try archive.source.checkUnchanged()
        if header.isFortranOrder {
            values = shape.rowMajor(values)
            // The same numbers, but the first that is not finite stands elsewhere now.
            if nonFinite.count > 0 { nonFinite = NonFiniteCount(of: values) }
        }
        return (HostTensor(shape, values), nonFinite)
    }
}
