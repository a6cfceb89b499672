import Checkpoints
import Operations

/// All plain Vision Transformers that timm registers: its modules `vision_transformer`, `deit`, `eva` and `beit`.
///
/// huggingface/pytorch-image-models. A file's configuration holds no sizes: depth, width and patch side come from the
/// tensors, what they do not show from the architecture's name and `model_args`.
enum TimmViT: ModelFamily {
    static let claims = "timm's plain Vision Transformers (vit_…, deit_…, deit3_…, eva_…, beit_…, aimv2_…, flexivit_…)"

    static func plan(_ model: ModelDescription) throws(CheckpointError) -> ModelPlan? {
        guard let architecture = try architecture(of: model), model.checkpoint.contains("patch_embed.proj.weight"),
            model.checkpoint.names.contains(where: { $0.hasPrefix("blocks.0.") })
        else { return nil }
        let file = model.configuration?.file ?? model.checkpoint.file
        let configuration = model.configuration ?? Configuration([:], file: file)
        try refuseUnknownArguments(configuration)
        let timm = TimmModel(
            architecture: architecture, arguments: try architecture.arguments(configuration),
            configuration: configuration, checkpoint: model.checkpoint, overrides: model.overrides,
            shapes: try TimmShapes(model.checkpoint))
        var result = try timm.vision(named: try model.architecture ?? architecture.name)
        if try timm.usesRotary() { result.rotary = try timm.rotary() }
        let names = try timm.names(result)
        if names.hasBiasTables { result.storedBias = try timm.storedBias(names) }
        try result.checkPositions(
            names.positions.flatMap { model.checkpoint.shape(of: $0) }, prefix: names.positionPrefixCount,
            file: model.checkpoint.file)
        try Weights(model.checkpoint)["blocks"].checkUniformLayers(file: model.checkpoint.file)
        return ModelPlan(configuration: result, names: names)
    }

    /// The architecture by its name; a file of JAX's or Keras' needs none.
    private static func architecture(of model: ModelDescription) throws(CheckpointError) -> TimmArchitecture? {
        if let name = try model.architecture { return TimmArchitecture(name) }
        guard model.checkpoint.facts.origin != nil else { return nil }
        return try TimmArchitecture(unnamed: model.checkpoint, heads: model.overrides.heads)
    }

    /// Constructor arguments that this family reads, or whose effect the tensors show, or that have none here.
    private static let knownArguments: Set<String> = [
        "act_layer", "attn_drop_rate", "attn_only_layer_scale", "attn_pool_mlp_ratio", "attn_pool_num_heads",
        "attn_type", "class_token", "depth", "drop_path_rate", "drop_rate", "dynamic_img_size", "embed_dim", "fc_norm",
        "final_norm", "fix_init", "global_pool", "head_init_scale", "img_size", "in_chans", "init_values", "mlp_ratio",
        "no_embed_class", "norm_layer", "num_classes", "num_heads", "num_kv_heads", "num_reg_tokens",
        "patch_drop_rate", "patch_size", "pool_include_prefix", "pos_drop_rate", "pos_embed", "pre_norm", "proj_bias",
        "proj_drop_rate", "qk_norm", "qkv_bias", "qkv_fused", "ref_feat_shape", "reg_tokens", "rope_grid_indexing",
        "rope_grid_offset", "rope_jitter_coords", "rope_rescale_coords", "rope_rotate_half", "rope_shift_coords",
        "rope_temperature", "rope_type", "scale_attn_inner", "scale_attn_norm", "scale_mlp", "scale_mlp_norm",
        "swiglu_align_to", "swiglu_mlp", "use_abs_pos_emb", "use_fc_norm", "use_post_norm",
        "use_post_transformer_norm", "use_pre_transformer_norm", "use_rel_pos_bias", "use_rot_pos_emb",
        "use_shared_rel_pos_bias", "weight_init",
    ]

    /// An argument may change the arithmetic and leave no trace in the tensors: what is not known is refused.
    private static func refuseUnknownArguments(_ configuration: Configuration) throws(CheckpointError) {
        guard let arguments = try configuration.section("model_args"), let keys = arguments.root.object?.keys else {
            return
        }
        guard let unknown = keys.first(where: { !knownArguments.contains($0) }) else { return }
        throw CheckpointError(
            .configurationArchitecture, file: arguments.file, "has an entry in model_args that no family claims",
            found: "'\(unknown)'", expected: knownArguments.sorted().joined(separator: ", "))
    }
}

/// A timm model as far as name, configuration and tensors tell it.
struct TimmModel {
    let architecture: TimmArchitecture
    /// The constructor's arguments.
    let arguments: Configuration
    let configuration: Configuration
    let checkpoint: any Checkpoint
    let overrides: ModelOverrides
    let shapes: TimmShapes

    var file: String { configuration.file }
    var modelClass: TimmArchitecture.ModelClass { architecture.modelClass }

    /// Sizes and choices, the rotation left out.
    func vision(named name: String) throws(CheckpointError) -> VisionTransformerConfiguration {
        let size = try inputSize()
        try size.check(patchSide: shapes.patchSide, file: file, isAsked: overrides.inputSize != nil)
        let prefixCount = shapes.prefix.reduce(0) { $0 + $1.count }
        var result = VisionTransformerConfiguration(
            architecture: name, imageHeight: size.height, imageWidth: size.width, patchSide: shapes.patchSide,
            width: shapes.width, depth: shapes.depth, heads: try heads(), hiddenWidth: shapes.hiddenWidth,
            epsilon: Float(try arguments.double("eps") ?? 1e-6), activation: try activation(),
            prefixCount: prefixCount, readout: .classToken, normPlacement: .beforePooling, classes: shapes.classes)
        result.isGated = shapes.isGated
        result.isRootMeanSquare = try isRootMeanSquare()
        result.positionResampling = positionResampling()
        let pool = try self.pool()
        result.normPlacement = try normPlacement(pool)
        result.readout = try readout(pool, prefixCount: prefixCount, heads: result.heads)
        if case .attentionPooled = result.readout, modelClass == .eva { result.poolActivation = .gelu }
        return result
    }

    /// How tables of positions follow a grid: timm's with antialiasing, JAX', FlexiViT's and RADIO's without, Keras' as
    /// TensorFlow 1.
    private func positionResampling() -> PositionResampling {
        switch checkpoint.facts.origin {
        case .keras: return .legacyBicubic
        case .jax: return .bilinear
        case nil: break
        }
        switch architecture.arguments["interpolation"]?.string {
        case "bilinear": return .bilinear
        case "bilinear, corners aligned": return .alignedBilinear
        default: return .antialiasedBicubic
        }
    }

    private func heads() throws(CheckpointError) -> Int {
        let stated = try configuration.integer("model_args", "num_heads")
        let isOfNamedWidth = shapes.width == architecture.width
        if let asked = overrides.heads, let own = stated ?? (isOfNamedWidth ? architecture.heads : nil), own != asked {
            throw .contradiction(
                of: "--heads \(asked)", file: file,
                says: stated.map { "num_heads \($0)" } ?? "\(architecture.name), which has \(own)")
        }
        if overrides.heads == nil, stated == nil, !isOfNamedWidth,
            try configuration.integer("model_args", "embed_dim") != shapes.width
        {
            throw CheckpointError(
                .configurationHeads, file: file, "does not say how many heads the model has",
                found: "width \(shapes.width) for \(architecture.name)",
                expected: "width \(architecture.width), or num_heads in model_args", next: "give it with --heads")
        }
        let heads = overrides.heads ?? stated ?? architecture.heads
        guard heads > 0, shapes.width % heads == 0 else {
            let isAsked = overrides.heads != nil
            throw CheckpointError(
                isAsked ? .option : .configurationHeads, file: file,
                "has a number of heads that does not divide the width",
                found: "\(heads) heads, width \(shapes.width)", expected: "a divisor of \(shapes.width)",
                next: isAsked ? nil : "give it with --heads")
        }
        return heads
    }

    /// The activation: timm's blocks use the exact GELU unless `act_layer` says otherwise, gates of EVA and BEiT SiLU.
    private func activation() throws(CheckpointError) -> Activation {
        guard let asked = overrides.activation else { return try ownActivation() }
        if let stated = try arguments.string("act_layer"), let own = try? ownActivation(), own != asked {
            throw .contradiction(of: "--activation", file: file, says: "act_layer \(stated)")
        }
        return asked
    }

    private func ownActivation() throws(CheckpointError) -> Activation {
        let usual = shapes.isGated && (modelClass == .eva || modelClass == .beit) ? "silu" : "gelu"
        switch try arguments.string("act_layer") ?? usual {
        case "gelu": return .gelu
        case "gelu_tanh": return .geluTanh
        case "quick_gelu": return .geluQuick
        case "silu", "swish": return .silu
        case "relu": return .relu
        default:
            throw arguments.rejecting(
                "act_layer", code: .configurationActivation,
                expected: "gelu, gelu_tanh, quick_gelu, silu or relu", next: "name it with --activation")
        }
    }

    private func isRootMeanSquare() throws(CheckpointError) -> Bool {
        switch try arguments.string("norm_layer") ?? "layernorm" {
        case "layernorm": return false
        case "rmsnorm": return true
        default:
            throw arguments.rejecting("norm_layer", code: .configurationArchitecture, expected: "layernorm or rmsnorm")
        }
    }

    private func inputSize() throws(CheckpointError) -> InputSize {
        if let size = overrides.inputSize { return size }
        return try ownInputSize()
    }

    /// The size of picture that name and configuration say.
    func ownInputSize() throws(CheckpointError) -> InputSize {
        if let side = configuration.value("model_args", "img_size") {
            if let side = side.integer { return InputSize(height: side, width: side) }
            if let sides = side.integers, sides.count == 2 { return InputSize(height: sides[0], width: sides[1]) }
            throw configuration.rejecting(
                "model_args", "img_size", code: .configurationType, expected: "one integer or two")
        }
        let (nested, flat) = (
            try configuration.integers("pretrained_cfg", "input_size"), try configuration.integers("input_size")
        )
        guard let size = nested ?? flat else { return architecture.inputSize }
        guard size.count == 3, size[0] == 3 else {
            throw CheckpointError(
                .configurationShape, file: configuration.file, "has an input_size that cannot be used",
                found: "\(size)", expected: "[3, height, width]")
        }
        return InputSize(height: size[1], width: size[2])
    }

    private func pool() throws(CheckpointError) -> String {
        if let stated = try configuration.string("model_args", "global_pool") { return stated }
        if let stated = try configuration.string("global_pool") { return stated }
        // MAE's finetuned files pool, and say so by their norm alone.
        let normsPooledRow = checkpoint.contains("fc_norm.weight") && !checkpoint.contains("norm.weight")
        if configuration.root.object?.members.isEmpty ?? true, modelClass == .visionTransformer, normsPooledRow {
            return "avg"
        }
        return try arguments.string("global_pool")
            ?? (modelClass == .eva || modelClass == .beit ? "avg" : "token")
    }

    private func normPlacement(_ pool: String) throws(CheckpointError) -> VisionTransformerConfiguration.NormPlacement {
        switch modelClass {
        case .visionTransformer, .distilled:
            guard try arguments.bool("final_norm") ?? true else { return .nowhere }
            let follows = try arguments.bool("fc_norm") ?? ["avg", "avgmax", "max"].contains(pool)
            return follows ? .afterPooling : .beforePooling
        case .eva:
            let follows = try arguments.bool("use_fc_norm") ?? (pool == "avg")
            let precedes = try arguments.bool("use_post_transformer_norm") ?? !follows
            guard !(follows && precedes) else {
                throw CheckpointError(
                    .configurationArchitecture, file: file, "has two final norms",
                    found: "use_fc_norm and use_post_transformer_norm", expected: "one of them")
            }
            return follows ? .afterPooling : precedes ? .beforePooling : .nowhere
        case .beit:
            return try arguments.bool("use_fc_norm") ?? (pool == "avg") ? .afterPooling : .beforePooling
        }
    }

    private func readout(
        _ pool: String, prefixCount: Int, heads: Int
    ) throws(CheckpointError) -> VisionTransformerConfiguration.Readout {
        let includes = try arguments.bool("pool_include_prefix") ?? false
        let skipped = includes && modelClass == .visionTransformer ? 0 : prefixCount
        switch pool {
        case "token" where modelClass == .distilled: return .distilled
        case "token" where shapes.hasClassToken: return .classToken
        case "avg": return .pooled(.average, skipping: skipped)
        case "max": return .pooled(.maximum, skipping: skipped)
        case "avgmax": return .pooled(.averageAndMaximum, skipping: skipped)
        case "map" where modelClass != .beit:
            let stated = try arguments.integer("attn_pool_num_heads")
            guard stated.map({ $0 > 0 && shapes.width % $0 == 0 }) ?? true else {
                throw arguments.rejecting(
                    "attn_pool_num_heads", code: .configurationHeads, expected: "a divisor of \(shapes.width)")
            }
            return .attentionPooled(heads: stated ?? heads, skipping: modelClass == .eva ? 0 : skipped)
        default:
            throw CheckpointError(
                .configurationArchitecture, file: configuration.file, "has a global_pool that cannot be used",
                found: "'\(pool)'",
                expected: shapes.hasClassToken ? "token, avg, avgmax, max or map" : "avg, avgmax, max or map")
        }
    }
}
