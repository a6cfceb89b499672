import Checkpoints
import Operations

/// ViT, DeiT and DeiT-III as timm saves them.
///
/// timm's `vision_transformer.py` and `deit.py` (huggingface/pytorch-image-models). The configuration holds no sizes:
/// depth, width and patch side come from the tensors, the number of heads from the architecture's name or `model_args`.
enum TimmViT: ModelFamily {
    static let claims = "timm's vit_SIZE_patchP_…, deit_…, deit3_… (plain blocks, class token or pooled patches)"

    static func plan(_ model: ModelDescription) throws(CheckpointError) -> ModelPlan? {
        guard let name = try model.architecture, let architecture = Architecture(name),
            model.checkpoint.contains("blocks.0.attn.qkv.weight")
        else { return nil }
        try refuseUnknownArguments(model.configuration)
        let shapes = try TimmShapes(model)
        let file = model.configuration?.file ?? model.checkpoint.file
        let configuration = model.configuration ?? Configuration([:], file: file)
        let stated = try configuration.integer("model_args", "num_heads")
        let heads =
            if let heads = model.overrides.heads ?? stated { heads } else {
                try architecture.heads(forWidth: shapes.width, file: file)
            }
        guard heads > 0, shapes.width % heads == 0 else {
            throw CheckpointError(
                .configurationHeads, file: file, "has a number of heads that does not divide the width",
                found: "\(heads) heads, width \(shapes.width)", expected: "a divisor of \(shapes.width)",
                next: "give it with --heads")
        }
        let size = try inputSize(model, configuration, architecture)
        try size.check(patchSide: shapes.patchSide, file: file)
        let result = VisionTransformerConfiguration(
            architecture: name, imageHeight: size.height, imageWidth: size.width, patchSide: shapes.patchSide,
            width: shapes.width, depth: shapes.depth, heads: heads, hiddenWidth: shapes.hiddenWidth, epsilon: 1e-6,
            activation: try activation(model, configuration), prefixCount: shapes.prefixCount,
            readout: try readout(configuration, architecture, shapes),
            normPlacement: shapes.hasNormAfterPooling ? .afterPooling : .beforePooling, classes: shapes.classes)
        try result.checkPositions(model.checkpoint.shape(of: "pos_embed"), file: model.checkpoint.file)
        return ModelPlan(configuration: result, names: names(shapes, distilled: result.readout == .distilled))
    }

    /// Constructor arguments that this family reads, or whose effect the tensors show, or that have none here.
    private static let knownArguments: Set<String> = [
        "act_layer", "attn_drop_rate", "class_token", "depth", "drop_path_rate", "drop_rate", "embed_dim", "fc_norm",
        "final_norm", "global_pool", "img_size", "in_chans", "init_values", "mlp_ratio", "no_embed_class",
        "num_classes",
        "num_heads", "patch_drop_rate", "patch_size", "pool_include_prefix", "pos_drop_rate", "proj_drop_rate",
        "qkv_bias", "reg_tokens", "weight_init",
    ]

    /// An argument may change the arithmetic and leave no trace in the tensors: what is not known is refused.
    private static func refuseUnknownArguments(_ configuration: Configuration?) throws(CheckpointError) {
        guard let arguments = try configuration?.section("model_args"), let keys = arguments.root.object?.keys else {
            return
        }
        guard let unknown = keys.first(where: { !knownArguments.contains($0) }) else { return }
        throw CheckpointError(
            .configurationArchitecture, file: arguments.file, "has an entry in model_args that no family claims",
            found: "'\(unknown)'", expected: knownArguments.sorted().joined(separator: ", "))
    }

    /// The activation: timm's blocks use the exact GELU unless `act_layer` says otherwise.
    private static func activation(
        _ model: ModelDescription, _ configuration: Configuration
    ) throws(CheckpointError) -> Activation {
        if let activation = model.overrides.activation { return activation }
        switch try configuration.string("model_args", "act_layer") ?? "gelu" {
        case "gelu": return .gelu
        case "gelu_tanh": return .geluTanh
        case "quick_gelu": return .geluQuick
        case "silu", "swish": return .silu
        case "relu": return .relu
        default:
            throw configuration.rejecting(
                "model_args", "act_layer", code: .configurationActivation,
                expected: "gelu, gelu_tanh, quick_gelu, silu or relu", next: "name it with --activation")
        }
    }

    private static func names(_ shapes: TimmShapes, distilled: Bool) -> TensorNames {
        TensorNames(
            prefix: shapes.prefix, positions: "pos_embed",
            patchProjection: "patch_embed.proj", blocks: "blocks", norm1: "norm1", queryKeyValue: .fused("attn.qkv"),
            projection: "attn.proj", layerScale1: "ls1.gamma", norm2: "norm2", expand: "mlp.fc1", contract: "mlp.fc2",
            layerScale2: "ls2.gamma", norm: shapes.hasNormAfterPooling ? "fc_norm" : "norm",
            heads: distilled ? ["head", "head_dist"] : ["head"])
    }

    private static func inputSize(
        _ model: ModelDescription, _ configuration: Configuration, _ architecture: Architecture
    ) throws(CheckpointError) -> InputSize {
        if let size = model.overrides.inputSize { return size }
        if let side = configuration.value("model_args", "img_size") {
            if let side = side.integer { return InputSize(height: side, width: side) }
            if let sides = side.integers, sides.count == 2 { return InputSize(height: sides[0], width: sides[1]) }
            throw configuration.rejecting(
                "model_args", "img_size", code: .configurationType, expected: "one integer or two")
        }
        let (nested, flat) = (
            try configuration.integers("pretrained_cfg", "input_size"), try configuration.integers("input_size")
        )
        let size = nested ?? flat ?? [3, architecture.inputSide, architecture.inputSide]
        guard size.count == 3, size[0] == 3 else {
            throw CheckpointError(
                .configurationShape, file: configuration.file, "has an input_size that cannot be used",
                found: "\(size)", expected: "[3, height, width]")
        }
        return InputSize(height: size[1], width: size[2])
    }

    private static func readout(
        _ configuration: Configuration, _ architecture: Architecture, _ shapes: TimmShapes
    ) throws(CheckpointError) -> VisionTransformerConfiguration.Readout {
        let (argument, field) = (
            try configuration.string("model_args", "global_pool"), try configuration.string("global_pool")
        )
        let named = argument ?? field ?? (architecture.poolsByDefault ? "avg" : "token")
        let skipped =
            try configuration.bool("model_args", "pool_include_prefix") == true ? 0 : shapes.prefixCount
        switch named {
        case "token" where shapes.isDistilled: return .distilled
        case "token" where shapes.hasClassToken: return .classToken
        case "avg": return .pooled(.average, skipping: skipped)
        case "max": return .pooled(.maximum, skipping: skipped)
        case "avgmax": return .pooled(.averageAndMaximum, skipping: skipped)
        default:
            throw CheckpointError(
                .configurationArchitecture, file: configuration.file, "has a global_pool that cannot be used",
                found: "'\(named)'", expected: shapes.hasClassToken ? "token, avg, avgmax or max" : "avg, avgmax or max"
            )
        }
    }
}

/// What the tensors of a timm model say about its sizes.
private struct TimmShapes {
    let width: Int
    let patchSide: Int
    let depth: Int
    let hiddenWidth: Int
    /// Tokens in front of the patches that the file has, and how many of each.
    let prefix: [(name: String, count: Int)]
    let hasClassToken: Bool
    let isDistilled: Bool
    let hasNormAfterPooling: Bool
    let classes: Int?

    var prefixCount: Int { prefix.reduce(0) { $0 + $1.count } }

    init(_ model: ModelDescription) throws(CheckpointError) {
        let checkpoint = model.checkpoint
        func shape(_ name: String, rank: Int) throws(CheckpointError) -> Shape {
            guard let shape = checkpoint.shape(of: name) else {
                throw CheckpointError(
                    .modelMissing, file: checkpoint.file, tensor: name, "is not in the checkpoint",
                    next: "check that the file is a whole timm model")
            }
            guard shape.rank == rank, shape.count > 0 else {
                throw CheckpointError(
                    .modelShape, file: checkpoint.file, tensor: name, "has a shape that cannot be used",
                    found: "\(shape)", expected: "\(rank) axes, none empty")
            }
            return shape
        }
        let patch = try shape("patch_embed.proj.weight", rank: 4)
        (width, patchSide) = (patch[0], patch[2])
        depth = Weights(checkpoint)["blocks"].layerCount
        hiddenWidth = try shape("blocks.0.mlp.fc1.weight", rank: 2)[0]
        hasClassToken = checkpoint.contains("cls_token")
        isDistilled = checkpoint.contains("dist_token")
        prefix = try ["cls_token", "dist_token", "reg_token"].filter(checkpoint.contains).map {
            (name) throws(CheckpointError) in (name, try shape(name, rank: 3)[1])
        }
        hasNormAfterPooling = checkpoint.contains("fc_norm.weight")
        classes = checkpoint.contains("head.weight") ? try shape("head.weight", rank: 2)[0] : nil
    }
}
