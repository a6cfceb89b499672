#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A model on disk: a folder in the layout of timm or Hugging Face, or one weight file with its neighbors.
///
/// Weights are looked for only when they are opened, since preprocessing needs the configuration alone.
package struct ModelLocation: Sendable {
    /// The path as the user gave it.
    package let path: String
    /// The folder that holds the configuration files.
    package let folder: String
    private let weightFile: String?

    /// Finds out whether a path is a folder or a file; throws IO_* where it is neither.
    package init(_ path: String) throws(CheckpointError) {
        var status = stat()
        guard !path.isEmpty, !path.utf8.contains(0), stat(path, &status) == 0 else {
            throw .system(path.isEmpty ? ENOENT : errno, file: path)
        }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        self.path = path
        folder = isFolder ? path : path.siblingPath(".")
        weightFile = isFolder ? nil : path
    }

    /// The path of a file in the folder.
    package func path(of name: String) -> String {
        folder.utf8.last == UInt8(ascii: "/") ? folder + name : folder + "/" + name
    }

    /// Reads one of the folder's JSON files; nil where there is no such file.
    package func configuration(_ name: String) throws(CheckpointError) -> Configuration? {
        do throws(CheckpointError) {
            return try Configuration(contentsOf: path(of: name))
        } catch {
            guard error.code == .configurationMissing else { throw error }
            return nil
        }
    }

    /// Opens the weights, whatever their format; `formats` are those that this target does not know itself.
    ///
    /// In a folder the first of timm's order of preference: `model.safetensors`, `pytorch_model.bin`, `pytorch_model.pth`,
    /// `model.pth`, `open_clip_model.safetensors`, `open_clip_pytorch_model.*`, each of the first two also as the index of its
    /// shards; else the only other `.safetensors`, else the only other file that PyTorch, NumPy or Keras writes. Throws
    /// MODEL_FORMAT where there is none or the choice is not clear, and what the format's reader throws.
    package func openWeights(formats: [WeightFormat] = []) throws(CheckpointError) -> any Checkpoint {
        let file = if let weightFile { weightFile } else { path(of: try weightFileName()) }
        return try WeightFile.open(file, formats: formats)
    }

    /// The order of timm's `models/_hub.py`.
    private static let preferred = [
        "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
        "pytorch_model.pth", "model.pth", "open_clip_model.safetensors", "open_clip_pytorch_model.safetensors",
        "open_clip_pytorch_model.bin", "open_clip_pytorch_model.pth",
    ]

    /// Endings of weight files under other names; those of one row have the same rank.
    private static let endings = [[".safetensors"], [".pth", ".pth.tar", ".pt", ".bin"], [".npz"], [".h5", ".hdf5"]]

    /// What training leaves beside the weights in a file of the same ending.
    private static let notWeights: Set<String> = ["training_args.bin", "optimizer.bin", "optimizer.pt", "scheduler.pt"]

    private func weightFileName() throws(CheckpointError) -> String { try Self.weightFile(among: listing(), of: path) }

    /// The file that is opened where a folder holds these; `path` is what messages call the folder.
    ///
    /// Throws MODEL_FORMAT where there is none or the choice is not clear.
    package static func weightFile(among files: [String], of path: String) throws(CheckpointError) -> String {
        if let name = preferred.first(where: files.contains) { return name }
        for endings in endings {
            let candidates = files.filter { name in
                !notWeights.contains(name) && endings.contains(where: name.hasSuffix)
            }
            guard let first = candidates.first else { continue }
            guard candidates.count == 1 else {
                throw CheckpointError(
                    .modelFormat, file: path, "has several weight files and none is model.safetensors",
                    found: candidates.prefix(5).joined(separator: ", "), next: "name the one file instead of the folder"
                )
            }
            return first
        }
        let others = files.filter { name in [".gguf", ".msgpack", ".onnx", ".ckpt"].contains(where: name.hasSuffix) }
        throw CheckpointError(
            .modelFormat, file: path, "has no weights that Fovea reads",
            found: others.isEmpty ? "no weight file" : others.prefix(5).joined(separator: ", "),
            expected: "model.safetensors, pytorch_model.bin, or one .safetensors, .pth, .npz or .h5",
            next: "save or download the model in such a format")
    }

    /// The names in the folder, sorted.
    private func listing() throws(CheckpointError) -> [String] {
        guard let directory = opendir(folder) else { throw .system(errno, file: folder) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names.sorted()
    }
}
