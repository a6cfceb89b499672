/// The table of a sharded checkpoint: which file holds which tensor.
package struct ShardIndex {
    /// Tensor names in the order of the index.
    private(set) var names: [String] = []
    /// The shard of each tensor.
    private(set) var homes: [String: String] = [:]
    /// The shards, in the order they are first named.
    package private(set) var shards: [String] = []

    /// The limits that an index is held to.
    enum Limit {
        static let bytes = 64 << 20
        static let shards = 1000
        static let depth = 8
    }

    /// Reads an index; the shards' names are checked, not the shards.
    package init(contentsOf path: String) throws(CheckpointError) {
        let source = ByteSource.file(try InputFile(path))
        guard source.size <= Limit.bytes else {
            throw CheckpointError(
                .safeTensorsLimit, file: path, "is too long for an index", found: "\(source.size) bytes",
                expected: "at most \(Limit.bytes)")
        }
        var scanner = try JSONScanner(try source.bytes(in: 0..<source.size), depthLimit: Limit.depth) { error in
            let code: CheckpointError.Code =
                switch error.kind {
                case .syntax, .number: .safeTensorsJSON
                case .duplicateKey: .safeTensorsDuplicate
                case .depth: .safeTensorsDepth
                case .encoding: .safeTensorsUTF8
                }
            return CheckpointError(code, file: path, "is not JSON at \(error)", next: "download it again")
        }
        var hasMap = false
        guard try scanner.peek() == .object else {
            throw CheckpointError(.safeTensorsIndex, file: path, "is not an object", next: "download it again")
        }
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            guard key == "weight_map" else {
                try scanner.skipValue()
                continue
            }
            guard !hasMap else {
                throw CheckpointError(
                    .safeTensorsDuplicate, file: path, "has two weight maps", next: "download it again")
            }
            hasMap = true
            try parseMap(&scanner, path)
        }
        try scanner.finish()
        guard hasMap, !names.isEmpty else {
            throw CheckpointError(
                .safeTensorsIndex, file: path, "has no weight_map with tensors in it, so it is no index of weights",
                next: "name the folder that it lies in, or a weight file; download an index that broke off again")
        }
        try source.checkUnchanged()
    }

    private mutating func parseMap(
        _ scanner: inout JSONScanner<CheckpointError>, _ path: String
    ) throws(CheckpointError) {
        var known: Set<String> = []
        guard try scanner.peek() == .object else {
            throw CheckpointError(
                .safeTensorsIndex, file: path, "has a weight_map that is not an object", next: "download it again")
        }
        try scanner.beginObject()
        while let name = try scanner.nextKey() {
            guard try scanner.peek() == .string else {
                throw CheckpointError(
                    .safeTensorsIndex, file: path, tensor: name, "has a shard that is not a string",
                    next: "download it again")
            }
            let shard = try scanner.string()
            guard shard.isPlainFileName else {
                throw CheckpointError(
                    .safeTensorsIndexPath, file: path, tensor: name, "is said to be outside the folder of the index",
                    found: "'\(shard.abbreviated(to: 200))'", expected: "a plain file name",
                    next: "do not use this checkpoint")
            }
            guard homes.updateValue(shard, forKey: name) == nil else {
                throw CheckpointError(
                    .safeTensorsDuplicate, file: path, tensor: name, "is in the index twice",
                    next: "download it again")
            }
            names.append(name)
            if known.insert(shard).inserted { shards.append(shard) }
            guard names.count <= SafeTensorsHeader.Limit.tensors, shards.count <= Limit.shards else {
                throw CheckpointError(
                    .safeTensorsLimit, file: path, "lists too much",
                    found: "\(names.count) tensors in \(shards.count) shards",
                    expected: "at most \(SafeTensorsHeader.Limit.tensors) in \(Limit.shards)")
            }
        }
    }
}

extension String {
    /// Whether this names a file in a folder and cannot lead out of it.
    package var isPlainFileName: Bool {
        !isEmpty && self != "." && self != ".." && !utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }

    /// The path of a file that lies in the same folder as the file at this path.
    package func siblingPath(_ name: String) -> String {
        guard let slash = utf8.lastIndex(of: UInt8(ascii: "/")) else { return name }
        return self[...slash] + name
    }
}
