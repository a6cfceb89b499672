import Checkpoints
import Operations
import Testing

@Suite("Files written by other libraries")
struct FixtureTests {
    @Test("Safetensors from PyTorch")
    func mixed() throws {
        let checkpoint = try SafeTensors(contentsOf: Place.fixtures + "/mixed.safetensors")
        let expected = HostTensor([2, 3, 4], (0..<24).map { Float($0) / 8 - 1 })
        #expect(checkpoint.names.sorted() == ["bf16", "f16", "f32", "f64", "ids", "mask"])
        #expect(checkpoint.metadata == ["format": "pt"])
        for name in ["f32", "f16", "bf16"] { #expect(try checkpoint.read(name) == expected) }
        #expect(try checkpoint.read("f64").values == (0..<24).map { Float((Double($0) / 8 - 1) / 3) })
        #expect(checkpoint.layout(of: "ids") == TensorLayout(.int64, [3]))
        #expect(checkpoint.layout(of: "mask") == TensorLayout(.bool, [2]))
    }

    @Test("A sharded checkpoint from PyTorch")
    func sharded() throws {
        let checkpoint = try ModelLocation(Place.fixtures + "/sharded").openWeights()
        #expect(checkpoint.names == ["f16", "f32"])
        #expect(try checkpoint.read("f16") == checkpoint.read("f32"))
    }

    @Test(
        "The golden models are readable to their last tensor", .requiresShared,
        arguments: [
            ("timm-vit", 32), ("timm-vit-gap-reg4", 32), ("timm-vit-nonsquare", 32), ("timm-deit-distilled", 35),
            ("timm-deit3", 36), ("hf-vit", 40), ("hf-vit-new-names", 40), ("hf-deit-teacher", 43),
        ])
    func goldens(name: String, count: Int) throws {
        let location = try ModelLocation("\(Place.shared)/goldens/\(name)")
        let checkpoint = try location.openWeights()
        #expect(checkpoint.names.count == count)
        for name in checkpoint.names { #expect(try checkpoint.read(name).shape == checkpoint.shape(of: name)) }
        #expect(try location.configuration("config.json") != nil)
        #expect(try NumPyArray(contentsOf: location.path(of: "input.npy")).tensor().shape[1] == 3)
    }

    @Test("DeiT-tiny", .requiresShared)
    func deit() throws {
        let location = try ModelLocation(Place.shared + "/models/deit_tiny_patch16_224")
        let weights = Weights(try location.openWeights())
        #expect(weights["blocks"].layerCount == 12)
        #expect(try weights["blocks"][11]["attn.qkv"]("weight", shape: [576, 192]).values.count == 576 * 192)
        let crops = try NumPyArray(contentsOf: Place.shared + "/photos/crops_u8.npy")
        #expect(crops.shape == [14, 224, 224, 3])
        #expect(try crops.bytes().count == 14 * 224 * 224 * 3)
    }
}
