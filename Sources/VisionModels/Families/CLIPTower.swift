import Checkpoints
import Operations

/// The image towers of OpenAI's CLIP files and of open_clip's, those that timm builds included.
///
/// openai/CLIP and mlfoundations/open_clip `transformer.py`. A file without open_clip_config.json is taken for OpenAI's:
/// heads of 64 channels, the quick GELU.
enum CLIPTower: ModelFamily {
    static let claims = "OpenAI's CLIP files and open_clip's"

    static func plan(_ model: ModelDescription) throws(CheckpointError) -> ModelPlan? {
        if model.checkpoint.contains("visual.class_embedding"), model.checkpoint.contains("visual.conv1.weight") {
            return try tower(model)
        }
        let trunk = TrunkCheckpoint(base: model.checkpoint, root: "visual.trunk")
        guard trunk.contains("patch_embed.proj.weight") else { return nil }
        return try tower(model, builtByTimm: trunk)
    }

    /// What belongs to texts, or to the comparison with them.
    private static let textNames = [
        "text.*", "text_projection", "transformer.*", "token_embedding.weight", "positional_embedding", "ln_final.*",
        "logit_scale", "logit_bias", "attn_mask", "input_resolution", "context_length", "vocab_size",
    ]

    private static func tower(_ model: ModelDescription) throws(CheckpointError) -> ModelPlan {
        let (checkpoint, file) = (model.checkpoint, model.configuration?.file ?? model.checkpoint.file)
        let whole = try model.configuration?.section("model_cfg") ?? Configuration([:], file: file)
        let vision = try whole.section("vision_cfg") ?? Configuration([:], file: file)
        try refuseUnknown(vision)
        let weights = Weights(checkpoint)["visual"]
        let patch = weights.shape(of: "conv1.weight") ?? []
        let blocks = "transformer.resblocks"
        let expand = weights[blocks][0].shape(of: "mlp.c_fc.weight") ?? []
        guard patch.rank == 4, patch.count > 0, expand.rank == 2, expand.count > 0 else {
            throw CheckpointError(
                .modelShape, file: checkpoint.file, tensor: "visual.conv1.weight", "has a shape that cannot be used",
                found: "\(patch)", expected: "[D, 3, P, P], and an MLP of two layers")
        }
        let (width, side) = (patch[0], patch[2])
        let headWidth = try vision.integer("head_width") ?? 64
        let stated = headWidth > 0 ? width / headWidth : 0
        let heads = model.overrides.heads ?? stated
        if heads != stated, model.configuration != nil {
            throw .contradiction(of: "--heads \(heads)", file: file, says: "\(stated) heads of \(headWidth)")
        }
        guard heads > 0, width % heads == 0 else {
            let isAsked = model.overrides.heads != nil
            throw CheckpointError(
                isAsked ? .option : .configurationHeads, file: file,
                "has a number of heads that does not divide the width",
                found: "\(heads) heads, width \(width)", expected: "a divisor of \(width)",
                next: isAsked ? nil : "give it with --heads")
        }
        let positions = weights.shape(of: "positional_embedding")?.dimensions.first ?? 1
        let grid = Int(Double(max(positions - 1, 1)).squareRoot().rounded()) * side
        let ownSize = try vision.value("image_size") == nil ? nil : HuggingFaceFields.imageSize(vision)
        let size = model.overrides.inputSize ?? ownSize ?? InputSize(height: grid, width: grid)
        try size.check(patchSide: side, file: file, isAsked: model.overrides.inputSize != nil)
        var result = VisionTransformerConfiguration(
            architecture: "clip", imageHeight: size.height, imageWidth: size.width, patchSide: side, width: width,
            depth: try weights[blocks].depth(file: checkpoint.file), heads: heads, hiddenWidth: expand[0],
            epsilon: Float(try vision.double("norm_kwargs", "eps") ?? 1e-5),
            activation: try activation(model, whole, vision), positionResampling: .antialiasedBicubic, prefixCount: 1,
            readout: .classToken, normPlacement: .beforePooling)
        let poolType = try vision.string("pool_type") ?? "tok"
        if poolType == "avg" { result.readout = .pooled(.average, skipping: 1) }
        if try vision.bool("final_ln_after_pool") ?? false { result.normPlacement = .afterPooling }
        try result.checkPositions(
            weights.shape(of: "positional_embedding"), prefix: 1, file: checkpoint.file)
        try weights[blocks].checkUniformLayers(file: checkpoint.file)
        let names = towerNames(weights, blocks: blocks)
        result.projectionWidth = names.projection.flatMap { checkpoint.shape(of: $0.weight)?.dimensions.last }
        return ModelPlan(configuration: result, names: names)
    }

    private static func activation(
        _ model: ModelDescription, _ whole: Configuration, _ vision: Configuration
    ) throws(CheckpointError) -> Activation {
        guard let asked = model.overrides.activation else { return try ownActivation(model, whole, vision) }
        let isStated = whole.value("quick_gelu") != nil || vision.value("act_kwargs") != nil
        if isStated, let own = try? ownActivation(model, whole, vision), own != asked {
            throw .contradiction(of: "--activation", file: whole.file, says: "\(own.rawValue)")
        }
        return asked
    }

    private static func ownActivation(
        _ model: ModelDescription, _ whole: Configuration, _ vision: Configuration
    ) throws(CheckpointError) -> Activation {
        guard model.configuration != nil else { return .geluQuick }
        if try whole.bool("quick_gelu") ?? false { return .geluQuick }
        switch try vision.string("act_kwargs", "approximate") ?? "none" {
        case "none": return .gelu
        case "tanh": return .geluTanh
        default:
            throw vision.rejecting(
                "act_kwargs", "approximate", code: .configurationActivation, expected: "none or tanh")
        }
    }

    /// Fields whose effect is known here, or that have none.
    private static let knownFields: Set<String> = [
        "act_kwargs", "final_ln_after_pool", "head_width", "image_size", "layers", "ls_init_value", "mlp_ratio",
        "no_ln_pre", "norm_kwargs", "output_tokens", "patch_dropout", "patch_size", "pool_type", "pos_embed_type",
        "width",
    ]

    private static func refuseUnknown(_ vision: Configuration) throws(CheckpointError) {
        for (key, value) in vision.root.object?.members.map({ ($0.key, $0.value) }) ?? []
        where !knownFields.contains(key) && !value.isNull && value.bool != false {
            throw CheckpointError(
                .configurationArchitecture, file: vision.file, "has an entry in vision_cfg that no family claims",
                found: "'\(key)'", expected: knownFields.sorted().joined(separator: ", "))
        }
        let pool = try vision.string("pool_type") ?? "tok"
        guard pool == "tok" || pool == "avg" else {
            throw vision.rejecting("pool_type", code: .configurationArchitecture, expected: "tok or avg")
        }
    }

    private static func towerNames(_ weights: Weights, blocks: String) -> TensorNames {
        let block = weights[blocks][0]
        let hasScale = block.contains("ls_1.gamma")
        let attention = AttentionNames(
            norm: "ln_1",
            queryKeyValue: .fused(LinearNames(weight: "attn.in_proj_weight", bias: "attn.in_proj_bias")),
            projection: "attn.out_proj", layerScale: hasScale ? "ls_1.gamma" : nil)
        let mlp = MLPNames(
            norm: "ln_2", expand: .plain("mlp.c_fc"), contract: "mlp.c_proj", layerScale: hasScale ? "ls_2.gamma" : nil)
        var names = TensorNames(
            root: "visual", prefix: [("class_embedding", 1)], positions: "positional_embedding",
            patchProjection: "conv1", blocks: blocks, block: BlockNames(attention: [attention], mlp: [mlp]),
            norm: "ln_post", heads: [], ignored: textNames)
        names.positionPrefixCount = 1
        if weights.contains("ln_pre.weight") { names.preNorm = "ln_pre" }
        if weights.contains("proj") {
            var projection = LinearNames(weight: "visual.proj", bias: nil)
            projection.isTransposed = true
            names.projection = projection
        }
        return names
    }

    /// A tower that timm builds, under its names, then perhaps a projection of open_clip's own.
    private static func tower(
        _ model: ModelDescription, builtByTimm trunk: TrunkCheckpoint
    ) throws(CheckpointError) -> ModelPlan? {
        guard let whole = try model.configuration?.section("model_cfg"), let vision = try whole.section("vision_cfg"),
            let name = try vision.string("timm_model_name")
        else { return nil }
        var members: [(String, JSON)] = [("architecture", JSON(name))]
        var arguments: [(String, JSON)] = []
        if let pool = try vision.string("timm_pool"), !pool.isEmpty {
            let known = ["token": "token", "avg": "avg", "map": "map"][pool]
            guard let known else {
                throw vision.rejecting("timm_pool", code: .configurationArchitecture, expected: "token, avg or map")
            }
            arguments.append(("global_pool", JSON(known)))
        }
        if let size = vision.value("image_size") { arguments.append(("img_size", size)) }
        if let width = trunk.shape(of: "patch_embed.proj.weight")?.dimensions.first {
            arguments.append(("embed_dim", JSON(width)))
        }
        // open_clip may change the pooling after timm has placed the norm.
        let follows = trunk.contains("fc_norm.weight")
        arguments += [("fc_norm", JSON(follows)), ("use_fc_norm", JSON(follows))]
        members.append(("model_args", .object(JSON.Object(arguments))))
        var inner = ModelDescription(
            configuration: Configuration(.object(JSON.Object(members)), file: vision.file), checkpoint: trunk,
            overrides: model.overrides)
        inner.overrides.architecture = nil
        guard let plan = try TimmViT.plan(inner) else { return nil }
        var (result, names) = (plan.configuration, plan.names)
        names.root = trunk.root
        names.ignored = textNames
        for candidate in [trunk.root + ".head", "visual.head.proj"]
        where model.checkpoint.contains(candidate + ".weight") {
            names.projection = LinearNames(candidate)
            result.projectionWidth = model.checkpoint.shape(of: candidate + ".weight")?.dimensions.first
        }
        (names.heads, result.classes) = ([], nil)
        return ModelPlan(configuration: result, names: names)
    }
}

/// The part of a checkpoint below a root, under its names there.
private struct TrunkCheckpoint: Checkpoint {
    let base: any Checkpoint
    let root: String

    var file: String { base.file }
    var names: [String] {
        base.names.compactMap { $0.hasPrefix(root + ".") ? String($0.dropFirst(root.count + 1)) : nil }
    }
    var metadata: [String: String] { base.metadata }

    func layout(of name: String) -> TensorLayout? { base.layout(of: root + "." + name) }

    func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        try base.readCounting(root + "." + name)
    }
}
