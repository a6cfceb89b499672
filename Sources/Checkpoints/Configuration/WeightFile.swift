/// A file of weights, its format told by what is in it, never by its name.
package enum WeightFile {
    /// Opens a checkpoint and presents it under names that model families know.
    ///
    /// safetensors, `.npz`, PyTorch's zip archives, an index of shards, and the formats given besides. JAX's and Keras' names
    /// are presented as timm's, with the layouts of PyTorch. Throws what the format's reader throws.
    package static func open(
        _ path: String, formats: [WeightFormat] = []
    ) throws(CheckpointError) -> any Checkpoint {
        let file = try InputFile(path)
        let start = try ByteSource.file(file).bytes(in: 0..<min(file.size, 8))
        // The length of a safetensors header ends in zeros, and JSON text has none.
        if start.count == 8, start.first == UInt8(ascii: "{"), start[4...].contains(where: { $0 != 0 }) {
            return try ShardedCheckpoint(contentsOf: path)
        }
        let checkpoint = try openPart(path, formats: formats)
        if let renamed = try JAXNames.present(checkpoint) { return renamed }
        if let renamed = try KerasNames.present(checkpoint) { return renamed }
        return checkpoint
    }

    /// Opens one file of weights, under its own names.
    static func openPart(_ path: String, formats: [WeightFormat] = []) throws(CheckpointError) -> any Checkpoint {
        let source = ByteSource.file(try InputFile(path))
        let start = try source.bytes(in: 0..<min(source.size, 8))
        if let format = formats.first(where: { start.starts(with: $0.magic) }) { return try format.open(path) }
        if start.starts(with: [0x89] + Array("HDF".utf8)) {
            throw CheckpointError(
                .modelFormat, file: path, "is an HDF5 file, which this program does not read",
                next: "use the command fovea, or save the model as safetensors")
        }
        if start.starts(with: Array("PK".utf8)) {
            let archive = try ZipArchive(source, duplicates: path.hasSuffix(".npz") ? .zipName : .zipDuplicate)
            if archive.members.contains(where: PyTorchFile.isPickle) { return try PyTorchFile(archive) }
            return try NumPyArchive(archive)
        }
        if let error = try PyTorchFile.legacy(source) { throw error }
        return try SafeTensors(source)
    }
}
