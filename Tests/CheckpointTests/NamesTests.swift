import Checkpoints
import Operations
import Testing

@Suite("Names of other libraries presented as timm's")
struct NamesTests {
    @Test(
        "A JAX model is what timm's loader makes of it",
        arguments: [("jax-augreg", 2, ["cls_token"]), ("jax-siglip", 3, ["attn_pool.latent"])])
    func jax(name: String, heads: Int, present: [String]) throws {
        let checkpoint = try ModelLocation("\(Place.fixtures)/\(name).npz").openWeights()
        let expected = try NumPyArchive(contentsOf: "\(Place.fixtures)/\(name)-as-timm.npz")
        #expect(checkpoint.names == expected.names)
        for name in expected.names {
            #expect(try checkpoint.read(name) == expected.read(name), "\(name)")
            #expect(checkpoint.shape(of: name) == expected.shape(of: name))
        }
        #expect(present.allSatisfy(checkpoint.contains))
        #expect(checkpoint.facts == CheckpointFacts(origin: .jax, heads: heads, activation: .geluTanh))
        expectFailure(.modelMissing) { try checkpoint.read("embedding/kernel") }
    }

    /// An archive of arrays of zeros, whose numbers have so many bytes each.
    private static func archive(_ shapes: KeyValuePairs<String, [Int]>, byteCount: Int = 4) throws -> NumPyArchive {
        let members = shapes.map { name, shape in
            let lengths = shape.map { "\($0)," }.joined(separator: " ")
            let header = "{'descr': '<f\(byteCount)', 'fortran_order': False, 'shape': (\(lengths)), }"
            let bytes = [UInt8](repeating: 0, count: shape.reduce(byteCount, *))
            return ZipBuilder.Member(name + ".npy", ZipBuilder.npy(header, bytes))
        }
        return try NumPyArchive(bytes: ZipBuilder(members).bytes, name: "model.npz")
    }

    @Test("Messages tell what the file itself calls a tensor")
    func messages() throws {
        let block = "Transformer/encoderblock_0/"
        let attention = block + "MultiHeadDotProductAttention_1/"
        let checkpoint = try #require(
            try JAXNames.present(
                Self.archive([
                    "embedding/kernel": [2, 2, 3, 4], block + "LayerNorm_0/scale": [4],
                    attention + "query/kernel": [4, 2, 2], attention + "value/kernel": [4, 2, 2],
                    "pre_logits/kernel": [4, 4], "surprise": [1],
                ])))
        #expect(checkpoint.names.prefix(2) == ["patch_embed.proj.weight", "blocks.0.norm1.weight"])
        // A kernel without its neighbor, and a tensor that no such model has, stay visible under their own names.
        #expect(checkpoint.contains("surprise") && checkpoint.contains(attention + "value/kernel"))
        #expect(!checkpoint.contains("blocks.0.attn.qkv.weight"))
        let weights = Weights(checkpoint)
        _ = try weights("blocks.0.norm1.weight", shape: [5])
        _ = try weights("blocks.0.attn.qkv.weight", shape: [12, 4])
        let error = expectFailure(.modelMissing) { try weights.finish() }
        #expect(
            error?.details == [
                "missing: blocks.0.attn.qkv.weight (in the file \(attention)query/kernel + \(attention)key/kernel + "
                    + "\(attention)value/kernel)",
                "shape: blocks.0.norm1.weight (in the file \(block)LayerNorm_0/scale) found [4], expected [5]",
                "unexpected: patch_embed.proj.weight (in the file embedding/kernel)",
                "unexpected: pre_logits.fc.weight (in the file pre_logits/kernel)",
                "unexpected: \(attention)query/kernel", "unexpected: \(attention)value/kernel", "unexpected: surprise",
            ])
    }

    @Test("A tensor whose shape contradicts its name is refused by its own name")
    func misshapen() throws {
        let block = "Transformer/encoderblock"
        let attention = "/MultiHeadDotProductAttention_0/"
        let models: [KeyValuePairs<String, [Int]>] = [
            ["embedding/kernel": [2, 2, 12]],
            ["embedding/kernel": [2, 2, 3, 4], "head/kernel": [4]],
            ["embedding/kernel": [2, 2, 3, 4], "cls": [4]],
            ["embedding/kernel": [2, 2, 3, 4], block + "_0/LayerNorm_0/scale": [4, 4]],
            // Other heads than its neighbors.
            [
                "embedding/kernel": [2, 2, 3, 4], block + "_0/LayerNorm_0/scale": [4],
                block + "_0\(attention)query/kernel": [4, 2, 2], block + "_0\(attention)key/kernel": [4, 1, 4],
                block + "_0\(attention)value/kernel": [4, 2, 2],
            ],
            // Another width than its neighbors.
            [
                "embedding/kernel": [2, 2, 3, 4], block + "_0/LayerNorm_0/scale": [4],
                block + "_0\(attention)query/kernel": [4, 2, 2], block + "_0\(attention)key/kernel": [5, 2, 2],
                block + "_0\(attention)value/kernel": [4, 2, 2],
            ],
            // Fewer layers than its neighbors, and more layers than there can be.
            [
                "embedding/kernel": [2, 2, 3, 4], block + "/LayerNorm_0/scale": [3, 4],
                block + "/LayerNorm_0/bias": [2, 4],
            ],
            ["embedding/kernel": [2, 2, 3, 4], block + "/LayerNorm_0/scale": [1_000_000_000, 0]],
        ]
        for model in models {
            let error = expectFailure(.modelShape) { try JAXNames.present(Self.archive(model)) }
            #expect(error?.tensor == nil || model.contains { $0.key == error?.tensor })
        }
        #expect(try JAXNames.present(Self.archive(["a": [1]])) == nil)
    }

    @Test("Rows of three tensors that cannot be counted together are refused, though none has an element")
    func tooManyRows() throws {
        let (block, side) = ("Transformer/encoderblock_0/", Int(Int32.max))
        let attention = block + "MultiHeadDotProductAttention_1/"
        // Of two bytes a number: each alone is as long as a header may say.
        let archive = try Self.archive(
            [
                "embedding/kernel": [2, 2, 3, 4], block + "LayerNorm_0/scale": [4],
                attention + "query/kernel": [0, side, side], attention + "key/kernel": [0, side, side],
                attention + "value/kernel": [0, side, side],
            ], byteCount: 2)
        let error = expectFailure(.modelShape) { try JAXNames.present(archive) }
        #expect(error?.tensor == attention + "value/kernel")
    }

    @Test("NaN is found where it stands in the presented tensor")
    func nonFinite() throws {
        let kernel = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
        let values = littleEndian([1, 2, 3, Float.nan, 5, 6])
        let patch = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 3, 1), }"
        let bytes = ZipBuilder([
            .init("embedding/kernel.npy", ZipBuilder.npy(patch, littleEndian([1, 2, 3] as [Float]))),
            .init("head/kernel.npy", ZipBuilder.npy(kernel, values)),
        ]).bytes
        let checkpoint = try #require(try JAXNames.present(NumPyArchive(bytes: bytes, name: "x.npz")))
        let read = try checkpoint.readCounting("head.weight")
        // [[1, NaN], [2, 5], [3, 6]]
        #expect(read.nonFinite == NonFiniteCount(count: 1, firstIndex: 1))
        #expect(read.tensor.shape == [3, 2] && read.tensor.values[2] == 2)
    }

    @Test("The AugReg golden opens whole", .requiresShared)
    func golden() throws {
        let checkpoint = try ModelLocation(Place.shared + "/goldens/npz-vit/weights.npz").openWeights()
        #expect(checkpoint.facts.heads == 3)
        #expect(checkpoint.names.count == 32)
        #expect(checkpoint.shape(of: "blocks.1.attn.qkv.weight") == [144, 48])
        for name in checkpoint.names { #expect(try checkpoint.read(name).shape == checkpoint.shape(of: name)) }
    }
}
