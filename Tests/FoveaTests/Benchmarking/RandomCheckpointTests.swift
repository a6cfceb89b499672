import Checkpoints
import Fovea
import Operations
import Testing
import VisionModels

@Suite("Models of random weights")
struct RandomCheckpointTests {
    /// What timm counts, `sum(p.numel() for p in model.parameters())`.
    private static let counts: [(name: String, parameters: Int)] = [
        ("vit_tiny_patch16_224", 5_717_416), ("vit_small_patch16_224", 22_050_664),
        ("vit_base_patch16_224", 86_567_656), ("vit_base_patch32_224", 88_224_232),
        ("vit_base_patch16_384", 86_859_496), ("vit_large_patch16_224", 304_326_632),
        ("vit_huge_patch14_224", 632_045_800), ("deit_tiny_distilled_patch16_224", 5_910_800),
        ("deit_base_distilled_patch16_224", 87_338_192), ("deit3_small_patch16_224", 22_059_496),
        ("deit3_base_patch16_224", 86_585_320),
    ]

    @Test("have as many parameters as timm's", arguments: counts.map(\.name))
    func parameters(name: String) throws {
        let opened = try ModelFiles.random(name).open()
        let summary = ModelSummary(opened, preprocessing: nil, labels: nil)
        #expect(summary.parameterCount == Self.counts.first { $0.name == name }?.parameters)
        #expect(summary.storedBytes == 4 * summary.parameterCount)
    }

    @Test(
        "have the tensors of a model that timm saved",
        arguments: ["timm-vit", "timm-vit-gap-reg4", "timm-deit-distilled", "timm-deit3"])
    func names(golden: String) throws {
        let location = try ModelLocation(PackageRoot.path + "/Tests/Fixtures/Goldens/" + golden)
        let stored = try location.openWeights()
        let architecture = try #require(try location.configuration("config.json")?.string("architecture"))
        let random = try ModelFiles.random(architecture).open().checkpoint
        // The stored models have two blocks, whatever their architecture.
        let wanted = random.names.filter { name in
            name.hasPrefix("blocks.") ? name.hasPrefix("blocks.0.") || name.hasPrefix("blocks.1.") : true
        }
        #expect(Set(wanted) == Set(stored.names))
        for name in wanted { #expect(random.shape(of: name)?.rank == stored.shape(of: name)?.rank, "\(name)") }
    }

    @Test("have the tensors and shapes of the real DeiT-tiny", .requiresShared("models/deit_tiny_patch16_224"))
    func realModel() throws {
        let stored = try ModelLocation(PackageRoot.shared + "/models/deit_tiny_patch16_224").openWeights()
        let random = try ModelFiles.random("deit_tiny_patch16_224").open().checkpoint
        #expect(Set(random.names) == Set(stored.names))
        for name in stored.names { #expect(random.shape(of: name) == stored.shape(of: name), "\(name)") }
    }

    @Test("are the same for the same seed, and others for another")
    func seeds() throws {
        func values(_ name: String, seed: UInt64) throws -> [Float] {
            try ModelFiles.random("vit_tiny_patch16_224", seed: seed).open().checkpoint.read(name).values
        }
        let weight = try values("blocks.3.attn.proj.weight", seed: 1)
        #expect(try weight == values("blocks.3.attn.proj.weight", seed: 1))
        #expect(try weight != values("blocks.3.attn.proj.weight", seed: 2))
        #expect(try weight != values("blocks.4.attn.proj.weight", seed: 1))
        let count = Double(weight.count)
        let mean = weight.reduce(0) { $0 + Double($1) } / count
        let variance = weight.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        #expect(abs(mean) < 0.001 && abs(variance.squareRoot() - 0.02) < 0.001)
        #expect(try values("blocks.0.norm1.weight", seed: 1).allSatisfy { abs($0 - 1) < 0.1 })
    }

    @Test("run: their logits are finite and differ")
    func logits() throws {
        let session = try ModelFiles.random("deit_tiny_distilled_patch16_32").open().session(on: .reference)
        let input = ModelInput.tensor(HostTensor([1, 3, 32, 32], repeating: 0.5))
        let logits = try session.run(input, .logits)
        #expect(logits.shape == [1, 1000])
        #expect(logits.values.allSatisfy(\.isFinite) && Set(logits.values).count > 900)
    }

    @Test(
        "are refused for names of another form",
        arguments: [
            "", "vit", "vit_base", "vit_base_patch16", "vit_base_patch16_225", "vit_base_patch0_224",
            "vit_base_patch16_clip_224", "vit_base_patch16_reg4_256", "deit_base_patch16_reg4_gap_256",
            "vit_base_distilled_patch16_224", "resnet50", "vit_base_patch16_224_", "vit_base_patch16_-224",
        ])
    func refusals(name: String) {
        let error = #expect(throws: FoveaError.self) { try ModelFiles.random(name) }
        #expect(error?.category == .usage && error?.message.contains("vit_SIZE_patchP_S") == true)
    }

    @Test("are made for other sizes and depths, positions included")
    func sizesAndDepths() throws {
        let size = InputSize(height: 64, width: 96)
        let opened = try ModelFiles.random("vit_tiny_patch16_224", inputSize: size, depth: 3).open()
        #expect(opened.configuration.depth == 3 && opened.configuration.tokenCount == 1 + 4 * 6)
        #expect(opened.checkpoint.layout(of: "pos_embed")?.shape == [1, 25, 192])
        #expect(opened.checkpoint.layout(of: "blocks.3.norm1.weight") == nil)
        let error = #expect(throws: FoveaError.self) {
            try ModelFiles.random("vit_tiny_patch16_224", inputSize: InputSize(height: 64, width: 90))
        }
        #expect(error?.category == .usage && error?.message.contains("multiples of 16") == true)
    }
}
