import Checkpoints
import Operations
import Testing
import VisionModels

@Suite("A model whose sizes make no sense is refused, and nothing is made of them")
struct HostileModelTests {
    private func expect(
        _ code: CheckpointError.Code, mentioning mention: String, _ model: ModelDescription,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: CheckpointError.self, sourceLocation: sourceLocation) { try ModelPlan(model) }
        #expect(
            error?.code == code && error?.description.contains(mention) == true, "\(error?.description ?? "")",
            sourceLocation: sourceLocation)
    }

    @Test("an architecture of attentions side by side needs some")
    func sideBySide() throws {
        var model = try ModelDescription.golden("timm-vit")
        model.overrides.architecture = "vit_small_patch16_18x2_224"
        expect(.modelMissing, mentioning: "blocks.0.attns.0", model)
    }

    @Test("two axes turn pairs of channels, so that heads have a multiple of 4", arguments: [24, 16, 8])
    func rotatedHeads(heads: Int) throws {
        let model = try ModelDescription.golden("hf-dinov3", ["num_attention_heads": JSON(heads)])
        expect(.configurationHeads, mentioning: "\(heads) heads of width \(48 / heads)", model)
    }

    @Test("differential heads have halves, positions of sines quarters")
    func dividedWidths() throws {
        let model = try ModelDescription.golden(
            "timm-differential", ["model_args": ["img_size": [32, 48], "num_classes": 7, "num_heads": 32]])
        expect(.configurationHeads, mentioning: "32 heads of width 1", model)
        let aim: JSON = [
            "model_type": "aimv2_vision_model", "hidden_size": 6, "num_hidden_layers": 1, "num_attention_heads": 1,
            "intermediate_size": 8, "image_size": 14, "is_native": true,
        ]
        expect(
            .configurationShape, mentioning: "found 6",
            ModelDescription(
                configuration: Configuration(aim, file: "config.json"),
                checkpoint: ChangedCheckpoint(nil, ["encoder.layers.0.rms_norm1.weight": [6]])))
    }

    @Test("an MLP of any width costs no byte where it holds no value")
    func emptyMLP() throws {
        func layers(_ shapes: [String: Shape]) -> [String: Shape] {
            Dictionary(
                uniqueKeysWithValues: (0..<2).flatMap { layer in
                    shapes.map { ("dinov2.encoder.layer.\(layer).mlp.\($0.key)", $0.value) }
                })
        }
        expect(
            .configurationTensorMismatch, mentioning: "far larger",
            try .golden("hf-dinov2", tensors: layers(["fc2.weight": [0, 1 << 60]])))
        expect(
            .modelShape, mentioning: "mlp.fc",
            try .golden(
                "hf-dinov2", tensors: layers(["fc1.weight": [0, 48], "fc1.bias": [0], "fc2.weight": [48, 0]])))
        for width in [1 << 40, Int.max] {
            let shape: Shape = [width, 0]
            expect(
                .modelShape, mentioning: "in_proj",
                try .golden(
                    "timm-vit", tensors: ["blocks.0.in_proj.weight": shape, "blocks.1.in_proj.weight": shape]))
        }
    }

    @Test("SigLIP 2's numbers of patches and pixels have limits")
    func pictureOfSigLIP() throws {
        let type: JSON = "siglip2_vision_model"
        expect(
            .configurationLimit, mentioning: "num_patches",
            try .golden("hf-siglip-vision", ["model_type": type, "num_patches": JSON(1 << 62)]))
        expect(
            .configurationPatch, mentioning: "patch_size",
            try .golden("hf-siglip-vision", ["model_type": type, "patch_size": JSON((1 << 53) + 1)]))
    }

    @Test("a model has some class tokens, and they hold values")
    func tokens() throws {
        expect(.configurationLimit, mentioning: "num_cls_tokens", try .golden("hf-radio", ["num_cls_tokens": -1]))
        for count in [0, Int.max] {
            let empty: Shape = count == 0 ? [1, 0, 48] : [1, count, 0]
            let tokens = ["embeddings.cls_token": empty, "embeddings.register_tokens": empty]
            for type in ["dinov2_with_registers", "pixio"] {
                expect(
                    .modelShape, mentioning: "embeddings.cls_token",
                    try .golden("hf-dinov2", ["model_type": JSON(type)], root: "dinov2.", tensors: tokens))
            }
            expect(
                .modelShape, mentioning: "cls_token.token",
                try .golden(
                    "hf-radio", tensors: ["radio_model.model.patch_generator.cls_token.token": [count, 0]]))
        }
    }

    @Test("a table of positions is one table, and covers no more tokens than there are")
    func positions() throws {
        let model = try ModelDescription.golden("timm-vit", tensors: ["pos_embed": [2, 17, 48]])
        let error = #expect(throws: CheckpointError.self) {
            try VisionTransformer(ModelPlan(model), from: model.checkpoint, on: ReferenceBackend())
        }
        #expect(
            error?.code == .modelShape && error?.description.contains("found [2, 17, 48], expected [1, 17, 48]") == true
        )
        expect(
            .configurationShape, mentioning: "positions",
            try .golden("timm-vit", tensors: ["pos_embed": [1, .max, 0]]))
    }

    @Test("a norm of the patches is none of tokens in front")
    func patchNorm() throws {
        expect(
            .modelUnexpected, mentioning: "patch_embed.norm.weight",
            try .golden("timm-vit", tensors: ["patch_embed.norm.weight": [48], "patch_embed.norm.bias": [48]]))
    }

    @Test("BEiT's own size of picture is checked though another is given")
    func sizeOfBiasTables() throws {
        let table = "attention.attention.relative_position_bias.relative_position_bias_table"
        var model = try ModelDescription.golden(
            "hf-vit", ["model_type": "beit", "image_size": JSON(1 << 62), "patch_size": 1], root: "vit.",
            tensors: ["encoder.layer.0.\(table)": [52, 3], "encoder.layer.1.\(table)": [52, 3]])
        model.overrides.inputSize = InputSize(height: 64, width: 64)
        expect(.configurationPatch, mentioning: "\(1 << 62)", model)
    }

    @Test("layers are counted before they are compared")
    func depth() throws {
        let blocks = Dictionary(uniqueKeysWithValues: (0..<300).map { ("\($0).mlp.c_fc.weight", [256, 64] as Shape) })
        func named(_ path: String) -> [String: Shape] {
            Dictionary(uniqueKeysWithValues: blocks.map { (path + $0.key, $0.value) })
        }
        expect(.modelShape, mentioning: "found 300", try .golden("timm-vit", tensors: named("blocks.")))
        var clip = named("visual.transformer.resblocks.")
        (clip["visual.class_embedding"], clip["visual.conv1.weight"]) = ([64], [64, 3, 8, 8])
        expect(
            .modelShape, mentioning: "found 300",
            ModelDescription(configuration: nil, checkpoint: ChangedCheckpoint(nil, clip)))
    }
}
