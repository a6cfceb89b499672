import Checkpoints
import Operations
import Testing

@Suite("Sharded checkpoints")
struct ShardedCheckpointTests {
    /// A folder with two sound shards and an index.
    private static func folder(index: String) throws -> (TemporaryFolder, path: String) {
        let folder = try TemporaryFolder()
        try folder.write(SafeTensorsBuilder.file([("a", [2], [1, 2]), ("b", [1], [3])]), to: "one.safetensors")
        try folder.write(SafeTensorsBuilder.file([("c", [1], [4])]), to: "two.safetensors")
        return (folder, try folder.write(index, to: "model.safetensors.index.json"))
    }

    @Test("Tensors are found in their shards, in the order of the index")
    func reading() throws {
        let (folder, path) = try Self.folder(
            index:
                #"{"metadata":{"total_size":16},"weight_map":{"c":"two.safetensors","a":"one.safetensors","b":"one.safetensors"}}"#
        )
        let checkpoint = try ShardedCheckpoint(contentsOf: path)
        #expect(checkpoint.names == ["c", "a", "b"])
        #expect(try checkpoint.read("a").values == [1, 2])
        #expect(try checkpoint.read("c").values == [4])
        #expect(checkpoint.shape(of: "b") == [1])
        #expect(checkpoint.shape(of: "d") == nil)
        expectFailure(.modelMissing) { try checkpoint.read("d") }
        _ = folder
    }

    @Test("A tensor that only a shard lists counts too, once")
    func unlisted() throws {
        let (folder, path) = try Self.folder(index: #"{"weight_map":{"c":"two.safetensors","a":"one.safetensors"}}"#)
        #expect(try ShardedCheckpoint(contentsOf: path).names == ["c", "a", "b"])
        try folder.write(SafeTensorsBuilder.file([("c", [1], [4]), ("b", [1], [5])]), to: "two.safetensors")
        let error = expectFailure(.safeTensorsIndex) { try ShardedCheckpoint(contentsOf: path) }
        #expect(error?.tensor == "b")
    }

    @Test(
        "An unsound index is refused",
        arguments: [
            (#"{"weight_map":{"a":"../one.safetensors"}}"#, .safeTensorsIndexPath),
            (#"{"weight_map":{"a":"/one.safetensors"}}"#, .safeTensorsIndexPath),
            (#"{"weight_map":{"a":"./one.safetensors"}}"#, .safeTensorsIndexPath),
            (#"{"weight_map":{"a":".."}}"#, .safeTensorsIndexPath),
            (#"{"weight_map":{"a":""}}"#, .safeTensorsIndexPath),
            (#"{"weight_map":{"a":"one.safetensors\u0000"}}"#, .safeTensorsIndexPath),
            (#"{"weight_map":{"a":"three.safetensors"}}"#, .safeTensorsIndexPath),
            (#"{"weight_map":{"a":"two.safetensors"}}"#, .safeTensorsIndex),
            (#"{"weight_map":{"a":"one.safetensors","x":"one.safetensors"}}"#, .safeTensorsIndex),
            (#"{"weight_map":{"a":1}}"#, .safeTensorsIndex), (#"{"weight_map":[]}"#, .safeTensorsIndex),
            (#"{"weight_map":{}}"#, .safeTensorsIndex), ("{}", .safeTensorsIndex), ("[]", .safeTensorsIndex),
            (#"{"weight_map":{"a":"one.safetensors","a":"two.safetensors"}}"#, .safeTensorsDuplicate),
            (#"{"weight_map":{"a":"one.safetensors"},"weight_map":{}}"#, .safeTensorsDuplicate),
            (#"{"weight_map":{"a":"one.safetensors"},}"#, .safeTensorsJSON), ("", .safeTensorsJSON),
            (#"{"x":[[[[[[[[1]]]]]]]]}"#, .safeTensorsDepth),
        ] as [(String, CheckpointError.Code)])
    func refused(index: String, code: CheckpointError.Code) throws {
        let (folder, path) = try Self.folder(index: index)
        expectFailure(code) { try ShardedCheckpoint(contentsOf: path) }
        _ = folder
    }

    @Test("An unsound shard is refused under its own name")
    func unsoundShard() throws {
        let (folder, path) = try Self.folder(index: #"{"weight_map":{"a":"one.safetensors"}}"#)
        try folder.write("short", to: "one.safetensors")
        let error = expectFailure(.safeTensorsShort) { try ShardedCheckpoint(contentsOf: path) }
        #expect(error?.file == folder("one.safetensors"))
    }
}
