package import Operations

/// A checkpoint that `torch.save` wrote: a zip archive with a pickle and the bytes of the tensors.
///
/// The pickle is run by a machine that can make tensors and nothing else. The state_dict may lie under `state_dict`, `model`
/// and the like (an average of the weights, `model_ema`, is taken first, as timm does), and its names may all begin with
/// `module.`. Tensors may share storages and be strided. Refused by name are files of PyTorch before 1.6, TorchScript, whole
/// pickled models, and storages that are compressed or of another byte order.
package struct PyTorchFile: Checkpoint {
    /// All names, in the order of the file, without a prefix that all of them have.
    package let names: [String]
    private let archive: ZipArchive
    private let prefix: String
    private let tensors: [String: PyTorchTensor]
    private let storages: [String: ZipMember]

    /// The path, or the name that memory was given.
    package var file: String { archive.file }

    /// Empty: what else a pickle holds is not kept.
    package var metadata: [String: String] { [:] }

    /// Opens a file and runs its pickle; tensors are read when asked for.
    ///
    /// Throws PTH_* for what is no state_dict, ZIP_* for a bad archive, IO_* where the file cannot be read.
    package init(contentsOf path: String) throws(CheckpointError) {
        try self.init(.file(try InputFile(path)))
    }

    /// Reads a checkpoint in memory; `name` is what messages call it.
    package init(bytes: [UInt8], name: String) throws(CheckpointError) {
        try self.init(.bytes(bytes, name: name))
    }

    /// Opens a file from any source.
    package init(_ source: ByteSource) throws(CheckpointError) {
        if let error = try Self.legacy(source) { throw error }
        try self.init(try ZipArchive(source))
    }

    init(_ archive: ZipArchive) throws(CheckpointError) {
        let file = archive.file
        let pickles = archive.members.filter(Self.isPickle)
        guard pickles.count == 1, let pickle = pickles.first else {
            throw CheckpointError(
                .pyTorchLayout, file: file, "has another number of pickles than PyTorch writes",
                found: "\(pickles.count) named data.pkl", expected: "1", next: "save it with torch.save")
        }
        let root = String(pickle.name.dropLast("data.pkl".count))
        try Self.checkKind(of: archive, root)
        guard pickle.size <= PickleMachine.Limit.bytes else {
            throw CheckpointError(
                .pyTorchStack, file: file, "has too long a pickle", found: "\(pickle.size) bytes",
                expected: "at most \(PickleMachine.Limit.bytes)", next: "save the model's state_dict alone")
        }
        var machine = PickleMachine(try archive.bytes(of: pickle, in: 0..<pickle.size), file: file)
        let value = try machine.run()
        let state = try PyTorchStateDictionary(value, of: machine, file: file)
        let folder = root + "data/"
        var storages: [String: ZipMember] = [:]
        for member in archive.members where member.name.hasPrefix(folder) {
            storages[String(member.name.dropFirst(folder.count))] = member
        }
        for (name, tensor) in state.tensors {
            try Self.check(tensor.storage, storages[tensor.storage.key], of: name, file: file)
        }
        self.archive = archive
        self.storages = storages
        prefix = state.prefix
        names = state.tensors.map(\.name)
        tensors = Dictionary(
            state.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether a member is the pickle of an archive that `torch.save` wrote.
    static func isPickle(_ member: ZipMember) -> Bool {
        member.name == "data.pkl" || member.name.hasSuffix("/data.pkl")
    }

    /// The names as the file has them, where they have a prefix.
    package func storedName(of name: String) -> String? { prefix.isEmpty ? nil : prefix + name }

    /// Encoding and shape of a tensor; nil where there is none of that name.
    package func layout(of name: String) -> TensorLayout? {
        tensors[name].map { TensorLayout($0.storage.scalarType, Shape($0.shape)) }
    }

    /// Reads a tensor as Float, row-major, and counts what is not finite.
    ///
    /// Throws MODEL_MISSING, PTH_DTYPE for integers, ZIP_CRC for a damaged storage, IO_READ and IO_CHANGED.
    package func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        guard let tensor = tensors[name] else { throw missing(name) }
        let type = tensor.storage.scalarType
        guard type.isFloatingPoint else {
            throw CheckpointError(
                .pyTorchScalarType, file: file, tensor: name, "is not a tensor of real numbers",
                found: type.rawValue,
                expected: "F32, F16, BF16 or F64")
        }
        let shape = Shape(tensor.shape)
        guard shape.count > 0, let member = storages[tensor.storage.key] else {
            return (HostTensor(shape, []), NonFiniteCount())
        }
        let range = tensor.range
        let bytes = try archive.bytes(
            of: member, in: (range.lowerBound * type.byteCount)..<(range.upperBound * type.byteCount))
        let (values, nonFinite) = try ByteSource.bytes(bytes, name: file).floats(
            type, count: range.count, at: 0)
        try archive.source.checkUnchanged()
        guard !tensor.isContiguous else { return (HostTensor(shape, values), nonFinite) }
        let gathered = shape.rowMajor(values, strides: tensor.strides)
        return (HostTensor(shape, gathered), NonFiniteCount(of: gathered))
    }
}

// MARK: - Checks

extension PyTorchFile {
    /// The error for a file that PyTorch wrote before its archives were zip; nil for any other.
    static func legacy(_ source: ByteSource) throws(CheckpointError) -> CheckpointError? {
        let start = try source.bytes(in: 0..<min(source.size, 264))
        // The length of a safetensors header may begin with the same two bytes, but ends in zeros.
        let isPickle =
            start.count >= 8 && start[0] == 0x80 && (2...5).contains(start[1])
            && start[4..<8].contains { $0 != 0 }
        let isTape = start.count > 262 && start[257..<262].elementsEqual("ustar".utf8)
        guard isPickle || isTape else { return nil }
        return CheckpointError(
            .pyTorchLegacy, file: source.name,
            "is a \(isTape ? "tar archive" : "bare pickle"), as PyTorch wrote before 1.6",
            expected: "a zip archive of torch.save",
            next:
                "convert it: python -c \"import torch, sys; a = sys.argv; torch.save(torch.load(a[1], 'cpu', "
                + "weights_only=True), a[2])\" OLD NEW")
    }

    private static func checkKind(of archive: ZipArchive, _ root: String) throws(CheckpointError) {
        let isScript = archive.members.contains { member in
            member.name.hasPrefix(root + "code/") || member.name == root + "constants.pkl"
        }
        guard !isScript else {
            throw CheckpointError(
                .pyTorchScript, file: archive.file, "is a TorchScript program, which is never run",
                next: "save the model's state_dict with torch.save, or as safetensors")
        }
        guard let order = archive.members.first(where: { $0.name == root + "byteorder" }) else {
            return
        }
        let word = try archive.bytes(of: order, in: 0..<min(order.size, 16))
        guard word.elementsEqual("little".utf8) else {
            throw CheckpointError(
                .pyTorchEndian, file: archive.file, "was written on a machine of another byte order",
                found: "'\(String(decoding: word, as: UTF8.self))'", expected: "'little'",
                next: "save the model as safetensors there")
        }
    }

    private static func check(
        _ storage: PyTorchStorage, _ member: ZipMember?, of name: String, file: String
    ) throws(CheckpointError) {
        guard storage.count > 0 || member != nil else { return }
        guard let member else {
            throw CheckpointError(
                .pyTorchStorage, file: file, tensor: name, "has no storage in the archive",
                found: "no member data/\(storage.key)", next: "the file is damaged, download it again")
        }
        guard member.method == .stored else {
            throw CheckpointError(
                .pyTorchZip, file: file, tensor: name,
                "has a compressed storage, which PyTorch does not write",
                next: "save it with torch.save")
        }
        let size = storage.count * storage.scalarType.byteCount
        guard size <= member.size else {
            throw CheckpointError(
                .pyTorchSize, file: file, tensor: name,
                "has a storage that is shorter than it is said to be",
                found: "\(member.size) bytes", expected: "\(size)",
                next: "the file is damaged, download it again")
        }
    }
}
