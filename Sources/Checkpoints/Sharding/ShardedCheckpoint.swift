package import Operations

/// A checkpoint spread over several files, as `model.safetensors.index.json` or `pytorch_model.bin.index.json` lists them.
///
/// The index maps each tensor to a shard, a file in the index's own folder. A tensor that a shard holds and the index does
/// not list counts too, as it does for transformers, unless two shards hold it.
package struct ShardedCheckpoint: Checkpoint {
    /// The path of the index.
    package let file: String
    /// All names, in the order of the index; those that only a shard lists come last.
    package let names: [String]
    /// The strings that the writers left in all shards; the first shard wins.
    package let metadata: [String: String]
    private let shards: [String: any Checkpoint]
    private let homes: [String: String]

    /// Reads an index and the headers of all its shards.
    ///
    /// Throws ST_JSON, ST_INDEX, ST_INDEX_PATH and ST_LIMIT for the index, and what the shards' own format throws.
    package init(contentsOf path: String) throws(CheckpointError) {
        let index = try ShardIndex(contentsOf: path)
        var homes = index.homes
        var shards: [String: any Checkpoint] = [:]
        var unlisted: [String] = []
        for shard in index.shards {
            let checkpoint: any Checkpoint
            do throws(CheckpointError) {
                checkpoint = try WeightFile.openPart(path.siblingPath(shard))
            } catch {
                guard error.code == .fileNotFound else { throw error }
                throw CheckpointError(
                    .safeTensorsIndexPath, file: path, "names a shard that is not there", found: "'\(shard)'",
                    next: "download the missing shard into the same folder")
            }
            for name in checkpoint.names where homes[name] == nil {
                homes[name] = shard
                unlisted.append(name)
            }
            for name in unlisted where homes[name] != shard && checkpoint.contains(name) {
                throw CheckpointError(
                    .safeTensorsIndex, file: path, tensor: name, "is in two shards and not in the index",
                    found: "'\(homes[name] ?? "")' and '\(shard)'", next: "save the checkpoint again")
            }
            shards[shard] = checkpoint
        }
        for name in index.names {
            guard let shard = index.homes[name], shards[shard]?.contains(name) == false else { continue }
            throw CheckpointError(
                .safeTensorsIndex, file: path, tensor: name, "is not in the shard that the index names",
                found: "'\(shard)'", next: "download index and shards again, they are of different versions")
        }
        file = path
        names = index.names + unlisted
        metadata = index.shards.compactMap { shards[$0]?.metadata }.reduce(into: [:]) { all, shard in
            all.merge(shard) { first, _ in first }
        }
        self.homes = homes
        self.shards = shards
    }

    /// Encoding and shape of a tensor; nil where there is none of that name.
    package func layout(of name: String) -> TensorLayout? { shard(of: name)?.layout(of: name) }

    /// Reads a tensor as Float and counts what is not finite.
    ///
    /// Throws as the shards' own format does.
    package func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        guard let shard = shard(of: name) else { throw missing(name) }
        return try shard.readCounting(name)
    }

    private func shard(of name: String) -> (any Checkpoint)? { homes[name].flatMap { shards[$0] } }
}
