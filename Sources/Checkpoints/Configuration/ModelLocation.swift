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

    /// Opens the weights.
    ///
    /// In a folder the first of `model.safetensors`, `model.safetensors.index.json`, `open_clip_model.safetensors` and the
    /// only other `.safetensors` file, which is timm's order of preference. Throws MODEL_FORMAT where there is none or the
    /// choice is not clear, and what the format's reader throws.
    package func openWeights() throws(CheckpointError) -> any Checkpoint {
        let file = if let weightFile { weightFile } else { path(of: try weightFileName()) }
        if file.hasSuffix(".index.json") { return try ShardedSafeTensors(contentsOf: file) }
        return try SafeTensors(contentsOf: file)
    }

    private func weightFileName() throws(CheckpointError) -> String {
        let files = try listing()
        let preferred = ["model.safetensors", "model.safetensors.index.json", "open_clip_model.safetensors"]
        if let name = preferred.first(where: files.contains) { return name }
        let candidates = files.filter { $0.hasSuffix(".safetensors") }
        switch candidates.count {
        case 1: return candidates[0]
        case 0:
            let others = files.filter { name in
                [".bin", ".pth", ".pt", ".npz", ".h5", ".gguf", ".msgpack", ".onnx"].contains(where: name.hasSuffix)
            }
            throw CheckpointError(
                .modelFormat, file: path, "has no safetensors weights",
                found: others.isEmpty ? "no weight file" : others.prefix(5).joined(separator: ", "),
                expected: "model.safetensors", next: "save or download the model in that format")
        default:
            throw CheckpointError(
                .modelFormat, file: path, "has several weight files and none is model.safetensors",
                found: candidates.prefix(5).joined(separator: ", "), next: "name the one file instead of the folder")
        }
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
