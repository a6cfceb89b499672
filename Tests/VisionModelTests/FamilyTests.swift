import Checkpoints
import FoundationEssentials
import Operations
import Testing
import VisionModels

@Suite("A model that no family claims is refused by name, never guessed")
struct FamilyTests {
    /// A golden model with a piece of its configuration replaced.
    private func description(_ golden: String, _ piece: String, _ replacement: String) throws -> ModelDescription {
        let folder = "\(PackageRoot.path)/Tests/Fixtures/Goldens/\(golden)"
        let text = String(decoding: try Data(contentsOf: URL(filePath: folder + "/config.json")), as: UTF8.self)
        try #require(piece.isEmpty || text.contains(piece))
        let changed = piece.isEmpty ? text : text.replacing(piece, with: replacement)
        return ModelDescription(
            configuration: try Configuration(parsing: Array(changed.utf8), file: "config.json"),
            checkpoint: try ModelLocation(folder).openWeights())
    }

    @Test(
        "timm",
        arguments: [
            (#""vit_tiny_patch16_224""#, #""vit_tiny_patch16_rpn_224""#, "CFG_ARCH", "rpn"),
            (#""vit_tiny_patch16_224""#, #""swin_tiny""#, "CFG_ARCH", "swin_tiny"),
            (#""num_heads": 3"#, #""gated_attn": true"#, "CFG_ARCH", "gated_attn"),
            (#""num_heads": 3"#, #""norm_layer": "batchnorm""#, "CFG_ARCH", "batchnorm"),
            (#""num_heads": 3"#, #""num_heads": 5"#, "CFG_HEADS", "5 heads"),
            ("\"embed_dim\": 48,\n    \"depth\": 2,\n    \"num_heads\": 3,", "", "CFG_HEADS", "width 48"),
            (#""num_heads": 3"#, #""num_heads": 3, "act_layer": "mish""#, "CFG_ACT", "mish"),
            (#""global_pool": "token""#, #""global_pool": "prr""#, "CFG_ARCH", "prr"),
        ])
    func timm(piece: String, replacement: String, code: String, mention: String) throws {
        let model = try description("timm-vit", piece, replacement)
        let error = #expect(throws: CheckpointError.self) { try ModelPlan(model) }
        #expect(
            error?.code.rawValue == code && error?.description.contains(mention) == true, "\(error?.description ?? "")")
    }

    @Test(
        "transformers",
        arguments: [
            (#""model_type": "vit""#, #""model_type": "swin""#, "CFG_ARCH", "swin"),
            (#""hidden_act": "gelu""#, #""hidden_act": "mish""#, "CFG_ACT", "mish"),
            (#""num_attention_heads": 3"#, #""num_attention_heads": 5"#, "CFG_HEADS", "5 heads"),
            (#""num_hidden_layers": 2"#, #""num_hidden_layers": 3"#, "CFG_TENSOR_MISMATCH", "num_hidden_layers 3"),
            (#""num_hidden_layers": 2"#, #""num_hidden_layers": 1000000000"#, "CFG_LIMIT", "1000000000"),
            (#""patch_size": 16"#, #""patch_size": 0"#, "CFG_PATCH", "0"),
            (#""hidden_size": 48"#, #""hidden_size": 65280"#, "CFG_TENSOR_MISMATCH", "far larger"),
            (#""image_size": 64"#, #""image_size": 60"#, "CFG_PATCH", "60×60"),
            (#""layer_norm_eps": 1e-12"#, #""layer_norm_eps": 0"#, "CFG_EPS", "0"),
            (#""6": "LABEL_6""#, #""6": "LABEL_6", "7": "more""#, "CFG_LABELS", "8 labels"),
            (#""hidden_size": 48"#, #""hidden_size": "48""#, "CFG_TYPE", "hidden_size"),
        ])
    func huggingFace(piece: String, replacement: String, code: String, mention: String) throws {
        let model = try description("hf-vit", piece, replacement)
        let error = #expect(throws: CheckpointError.self) { try ModelPlan(model) }
        #expect(
            error?.code.rawValue == code && error?.description.contains(mention) == true, "\(error?.description ?? "")")
    }

    @Test("RADIO reads class tokens that it has")
    func summary() throws {
        let model = try description("hf-radio", #""num_cls_tokens": 3"#, #""num_cls_tokens": 2"#)
        let error = #expect(throws: CheckpointError.self) { try ModelPlan(model) }
        #expect(error?.code == .configurationLimit && error?.description.contains("summary_idxs") == true)
    }

    @Test("CoCa's pooling is not taken for CLIP's class token")
    func attentionalPooling() throws {
        let text = #"{"model_cfg": {"vision_cfg": {"attentional_pool": true}}}"#
        let model = ModelDescription(
            configuration: try Configuration(parsing: Array(text.utf8), file: "open_clip_config.json"),
            checkpoint: CheckpointOfShapes(shapes: [
                "visual.class_embedding": [64], "visual.conv1.weight": [64, 3, 8, 8],
            ]))
        let error = #expect(throws: CheckpointError.self) { try ModelPlan(model) }
        #expect(
            error?.code == .configurationArchitecture && error?.description.contains("attentional_pool") == true)
    }

    @Test("missing, unexpected and mis-shaped tensors are listed by name")
    func tensors() throws {
        let model = try description("hf-vit", #""intermediate_size": 96"#, #""intermediate_size": 64"#)
        let error = #expect(throws: CheckpointError.self) {
            try VisionTransformer(ModelPlan(model), from: model.checkpoint, on: ReferenceBackend())
        }
        #expect(error?.code == .modelShape)
        #expect(error?.details.count == 6)
        #expect(
            error?.details.first?.contains(
                "vit.encoder.layer.0.intermediate.dense.weight found [96, 48], expected [64, 48]")
                == true)
        // A timm model read as distilled's plain kin has tensors left over.
        let distilled = try description("timm-deit-distilled", "deit_tiny_distilled", "deit_tiny")
        let unexpected = #expect(throws: CheckpointError.self) {
            try VisionTransformer(ModelPlan(distilled), from: distilled.checkpoint, on: ReferenceBackend())
        }
        #expect(unexpected?.code == .modelUnexpected && unexpected?.description.contains("head_dist.weight") == true)
    }

    @Test(
        "a model without its class or distillation token lacks it by name",
        arguments: ["cls_token", "distillation_token"])
    func missingToken(token: String) throws {
        var model = try description("hf-deit-teacher", "", "")
        let name = "deit.embeddings.\(token)"
        model.checkpoint = CheckpointWithout(base: model.checkpoint, name: name)
        let error = #expect(throws: CheckpointError.self) {
            try VisionTransformer(ModelPlan(model), from: model.checkpoint, on: ReferenceBackend())
        }
        #expect(error?.code == .modelMissing && error?.description.contains(name) == true)
    }

    @Test("act_layer is taken at its word")
    func activation() throws {
        let model = try description("timm-vit", #""num_heads": 3"#, #""num_heads": 3, "act_layer": "quick_gelu""#)
        #expect(try ModelPlan(model).configuration.activation == .geluQuick)
        var silent = try description("timm-vit", "", "")
        silent.overrides.activation = .relu
        #expect(try ModelPlan(silent).configuration.activation == .relu)
    }

    /// What a user says of a model whose files say otherwise.
    private func contradicting(_ change: (inout ModelOverrides) -> Void) -> ModelOverrides {
        var overrides = ModelOverrides()
        change(&overrides)
        return overrides
    }

    @Test("what the files say is not overruled, by another number of heads, activation or name")
    func contradictions() throws {
        let heads = contradicting { $0.heads = 4 }
        let relu = contradicting { $0.activation = .relu }
        let name = contradicting { $0.architecture = "vit_large_patch16_224" }
        let unfit = contradicting { $0.inputSize = InputSize(height: 65, width: 65) }
        let stated = (#""num_heads": 3"#, #""num_heads": 3, "act_layer": "quick_gelu""#)
        let unstated = ("\"embed_dim\": 48,\n    \"depth\": 2,\n    \"num_heads\": 3,", "")
        let cases: [(String, (String, String), ModelOverrides, String)] = [
            ("hf-vit", ("", ""), heads, "num_attention_heads 3"), ("timm-vit", ("", ""), heads, "num_heads 3"),
            ("timm-vit", stated, relu, "act_layer quick_gelu"), ("hf-vit", ("", ""), relu, "hidden_act gelu"),
            ("timm-vit", ("", ""), name, "vit_tiny_patch16_224"), ("hf-vit", ("", ""), name, "found vit;"),
            ("timm-vit", ("", ""), unfit, "65×65"), ("hf-vit", ("", ""), unfit, "up to 8192"),
            ("timm-vit", unstated, contradicting { $0.heads = 5 }, "5 heads, width 48"),
        ]
        for (golden, (piece, replacement), overrides, words) in cases {
            var model = try description(golden, piece, replacement)
            model.overrides = overrides
            let error = #expect(throws: CheckpointError.self) { try ModelPlan(model) }
            #expect(error?.code == .option && error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
        // The same once more, or what no family knows, is no contradiction.
        var same = try description("timm-vit", "", "")
        same.overrides = contradicting { ($0.heads, $0.architecture) = (3, "vit_tiny_patch16_224.augreg_in21k") }
        #expect(try ModelPlan(same).configuration.heads == 3)
        var unknown = try description("timm-vit", #""vit_tiny_patch16_224""#, #""our_own""#)
        unknown.overrides.architecture = "vit_tiny_patch16_224"
        #expect(try ModelPlan(unknown).configuration.depth == 2)
    }
}

/// Tensors of zeros.
private struct CheckpointOfShapes: Checkpoint {
    let shapes: [String: Shape]

    var file: String { "shapes" }
    var names: [String] { shapes.keys.sorted() }
    var metadata: [String: String] { [:] }

    func layout(of name: String) -> TensorLayout? { shapes[name].map { TensorLayout(.float32, $0) } }

    func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        (HostTensor(shapes[name] ?? []), NonFiniteCount())
    }
}

/// A checkpoint that lacks one tensor.
private struct CheckpointWithout: Checkpoint {
    let base: any Checkpoint
    let name: String

    var file: String { base.file }
    var names: [String] { base.names.filter { $0 != name } }
    var metadata: [String: String] { base.metadata }

    func layout(of name: String) -> TensorLayout? { name == self.name ? nil : base.layout(of: name) }

    func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) { try base.readCounting(name) }
}
