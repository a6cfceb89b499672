import Checkpoints
import Operations
import Testing
import VisionModels

@Suite("Memory is asked for by models that exist, not by numbers in a file")
struct ModelMemoryTests {
    private func expectTooLarge(_ model: ModelDescription, sourceLocation: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: CheckpointError.self, sourceLocation: sourceLocation) { try ModelPlan(model) }
        #expect(error?.code == .configurationMemory, "\(error?.description ?? "")", sourceLocation: sourceLocation)
    }

    @Test("patches of one pixel are too many")
    func patches() throws {
        expectTooLarge(try .golden("hf-dinov3", ["image_size": 8192, "patch_size": 1]))
    }

    @Test("so is a bias for every two of 262,144")
    func bias() throws {
        var model = try ModelDescription.golden("timm-beit")
        model.overrides.inputSize = InputSize(height: InputSize.maximumSide, width: InputSize.maximumSide)
        expectTooLarge(model)
    }

    @Test("weights that the file lacks are not made: a patch of 1024 pixels")
    func patchWeight() throws {
        let model = try ModelDescription.golden("hf-vit", ["image_size": 1024, "patch_size": 1024])
        let error = #expect(throws: CheckpointError.self) {
            try VisionTransformer(ModelPlan(model), from: model.checkpoint, on: ReferenceBackend())
        }
        #expect(error?.code == .modelShape && error?.description.contains("expected [48, 3, 1024, 1024]") == true)
        // Nothing but this was looked at: it alone is larger than the file and 256 MiB.
        #expect(error?.details.count == 1)
    }

    /// A plain ViT's sizes.
    struct Sizes: CustomTestStringConvertible {
        let testDescription: String
        let width: Int
        let depth: Int
        let heads: Int
        let hidden: Int
        let patch: Int
        let side: Int
        var architecture = "vit_base_patch16_224"
    }

    @Test(
        "the largest models that exist are planned",
        arguments: [
            Sizes(
                testDescription: "ViT-22B", width: 6144, depth: 48, heads: 48, hidden: 24576, patch: 14, side: 224),
            Sizes(
                testDescription: "ViT-22B at 1022 pixels", width: 6144, depth: 48, heads: 48, hidden: 24576, patch: 14,
                side: 1022),
            Sizes(
                testDescription: "EVA02-E", width: 1792, depth: 64, heads: 16, hidden: 15360, patch: 14, side: 448),
            Sizes(
                testDescription: "DINOv2-g at 1022 pixels", width: 1536, depth: 40, heads: 24, hidden: 4096, patch: 14,
                side: 1022),
            Sizes(
                testDescription: "DINOv3's 7B at 4096 pixels", width: 4096, depth: 40, heads: 32, hidden: 8192,
                patch: 16, side: 4096),
            Sizes(
                testDescription: "BEiT-L", width: 1024, depth: 24, heads: 16, hidden: 4096, patch: 16, side: 512,
                architecture: "beit_large_patch16_512"),
        ])
    func large(sizes: Sizes) throws {
        let (width, grid) = (sizes.width, sizes.side / sizes.patch)
        let isBEiT = sizes.architecture.hasPrefix("beit")
        var shapes: [String: Shape] = [
            "cls_token": [1, 1, width], "patch_embed.proj.weight": [width, 3, sizes.patch, sizes.patch],
        ]
        if !isBEiT { shapes["pos_embed"] = [1, grid * grid + 1, width] }
        for block in 0..<sizes.depth {
            shapes["blocks.\(block).mlp.fc2.weight"] = [width, sizes.hidden]
            if isBEiT {
                shapes["blocks.\(block).attn.relative_position_bias_table"] = [
                    (2 * grid - 1) * (2 * grid - 1) + 3, sizes.heads,
                ]
            }
        }
        let configuration: JSON = [
            "architecture": JSON(sizes.architecture),
            "model_args": ["embed_dim": JSON(width), "num_heads": JSON(sizes.heads), "img_size": JSON(sizes.side)],
        ]
        let plan = try ModelPlan(
            ModelDescription(
                configuration: Configuration(configuration, file: "config.json"),
                checkpoint: ChangedCheckpoint(nil, shapes)))
        #expect(plan.configuration.patchCount == grid * grid && plan.configuration.hiddenWidth == sizes.hidden)
    }
}
