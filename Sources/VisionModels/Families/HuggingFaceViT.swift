import Checkpoints
import Operations

/// The models that transformers builds like ViT: `models/vit`, `deit`, `vit_mae`, `vit_msn`, `ijepa`, `flava`, `beit`,
/// `data2vec`, `dinov2`, `dinov2_with_registers`, `pixio`, in both layouts of names.
///
/// The configuration holds most sizes; ε is 1e-12 for most of them unless it says otherwise. DeiT without a teacher reads
/// the class token alone.
enum HuggingFaceViT: ModelFamily {
    static let claims = "transformers' model_type " + roots.keys.sorted().joined(separator: ", ")

    private static let roots: [String: [String]] = [
        "vit": ["vit"], "deit": ["deit"], "vit_mae": ["vit"], "vit_msn": ["vit"], "ijepa": ["ijepa"],
        "flava": ["flava.image_model", "image_model"], "flava_image_model": ["image_model"],
        "beit": ["beit"], "data2vec-vision": ["data2vec_vision"], "dinov2": ["dinov2"],
        "dinov2_with_registers": ["dinov2_with_registers"], "pixio": ["pixio"],
    ]

    static func plan(_ description: ModelDescription) throws(CheckpointError) -> ModelPlan? {
        let marker = "embeddings.patch_embeddings.projection.weight"
        guard let model = try HuggingFaceModel(description, types: roots, marker: marker) else { return nil }
        let isDINO = ["dinov2", "dinov2_with_registers", "pixio"].contains(model.type)
        let block = model.firstBlock
        let contract = block.contains("mlp.weights_out.weight") ? "mlp.weights_out" : model.contract(block)
        let derived = block.shape(of: contract + ".weight")?.dimensions.last
        let fields = try HuggingFaceFields(
            model.vision,
            defaults: HuggingFaceFields.Defaults(
                epsilon: isDINO || model.type == "vit_msn" ? 1e-6 : 1e-12),
            hiddenWidth: isDINO ? derived : nil, overrides: model.overrides)
        try fields.checkSize(against: model.checkpoint, file: model.configuration.file)
        let prefix = try model.prefix()
        let count = prefix.reduce(0) { $0 + $1.count }
        let hasTeacher = model.checkpoint.contains("distillation_classifier.weight")
        var result = fields.vision(
            model.type, prefixCount: count, readout: .classToken,
            classes: try model.classes(hasTeacher ? "cls_classifier.weight" : "classifier.weight"))
        result.isGated = block.contains("mlp.weights_in.weight")
        if result.isGated { result.activation = .silu }
        if model.type == "dinov2_with_registers" { result.positionResampling = .antialiasedBicubic }
        (result.readout, result.normPlacement) = model.readout(result, hasTeacher: hasTeacher)
        var names = model.names(block, prefix: prefix, contract: contract)
        if hasTeacher { names.heads = ["cls_classifier", "distillation_classifier"] }
        if names.hasBiasTables {
            let stated = try HuggingFaceFields.imageSize(model.vision)
            try stated.check(patchSide: fields.patchSide, file: model.configuration.file)
            let distances = InputSize(
                height: 2 * (stated.width / fields.patchSide) - 1, width: 2 * (stated.height / fields.patchSide) - 1)
            result.storedBias = .init(distances: distances, resampling: .bilinear)
        }
        if result.normPlacement == .afterPooling { names.norm = "pooler.layernorm" }
        return try model.plan(result, names)
    }
}

extension HuggingFaceModel {
    /// Whether names follow the layout of transformers' pull request 41693: `layers.0.attention.q_proj`.
    fileprivate var usesNewLayout: Bool { has("layers.0.attention.q_proj.weight") }

    fileprivate var blocks: String { usesNewLayout ? "layers" : "encoder.layer" }

    /// transformers 5.24 writes the blocks of ViT-MSN's classifier without the root of all else.
    fileprivate var hasBlocksAtTop: Bool {
        !root.isEmpty && weights[blocks].layerCount == 0 && Weights(checkpoint)[blocks].layerCount > 0
    }

    fileprivate var firstBlock: Weights { (hasBlocksAtTop ? Weights(checkpoint)[blocks] : weights[blocks])[0] }

    fileprivate func contract(_ block: Weights) -> String {
        block.contains("mlp.fc2.weight") ? "mlp.fc2" : "output.dense"
    }

    /// Every DeiT has a distillation token, with or without a teacher's head; I-JEPA has none at all.
    fileprivate func prefix() throws(CheckpointError) -> [(name: String, count: Int)] {
        guard type != "ijepa" else { return [] }
        func tokens(_ name: String) throws(CheckpointError) -> Int {
            guard let shape = weights.shape(of: name), shape.rank == 3 else { return 1 }
            try checkpoint.checkHoldsValues(full(name))
            return shape[1]
        }
        var prefix = [("embeddings.cls_token", try tokens("embeddings.cls_token"))]
        if type == "deit" { prefix.append(("embeddings.distillation_token", 1)) }
        let registers = "embeddings.register_tokens"
        if type == "dinov2_with_registers" { prefix.append((registers, try tokens(registers))) }
        return prefix
    }

    fileprivate func readout(
        _ result: VisionTransformerConfiguration, hasTeacher: Bool
    ) -> (VisionTransformerConfiguration.Readout, VisionTransformerConfiguration.NormPlacement) {
        switch type {
        case "deit" where hasTeacher: (.distilled, .beforePooling)
        case "ijepa": (.pooled(.average, skipping: 0), .beforePooling)
        case "pixio": (.meanOfFirst(result.prefixCount), .beforePooling)
        case "dinov2" where result.classes != nil, "dinov2_with_registers" where result.classes != nil:
            (.classTokenAndMean(skipping: result.prefixCount), .beforePooling)
        case "beit", "data2vec-vision":
            // The class says mean pooling where the file says nothing.
            vision.value("use_mean_pooling")?.bool ?? true
                ? (.pooled(.average, skipping: 1), has("pooler.layernorm.weight") ? .afterPooling : .nowhere)
                : (.classToken, .beforePooling)
        default: (.classToken, .beforePooling)
        }
    }

    fileprivate func names(
        _ block: Weights, prefix: [(name: String, count: Int)], contract: String
    ) -> TensorNames {
        let isDINO = block.contains("norm1.weight")
        let attentionBase = "attention.attention."
        var attention = AttentionNames(
            norm: isDINO ? "norm1" : "layernorm_before",
            queryKeyValue: usesNewLayout
                ? .split(query: "attention.q_proj", key: "attention.k_proj", value: "attention.v_proj")
                : .split(
                    query: LinearNames(attentionBase + "query"), key: LinearNames(attentionBase + "key"),
                    value: LinearNames(attentionBase + "value")),
            projection: usesNewLayout ? "attention.o_proj" : "attention.output.dense")
        let expand: MLPNames.Expansion =
            block.contains("mlp.weights_in.weight")
            ? .packedGate("mlp.weights_in")
            : .plain(block.contains("mlp.fc1.weight") ? "mlp.fc1" : "intermediate.dense")
        var mlp = MLPNames(
            norm: isDINO ? "norm2" : "layernorm_after", expand: expand,
            contract: LinearNames(usesNewLayout && contract == "output.dense" ? "mlp.fc2" : contract))
        for scales in [("layer_scale1.lambda1", "layer_scale2.lambda1"), ("lambda_1", "lambda_2")]
        where block.contains(scales.0) {
            (attention.layerScale, mlp.layerScale) = scales
        }
        let table = "relative_position_bias.relative_position_bias_table"
        if block.contains(attentionBase + table) { attention.biasTable = attentionBase + table }
        let usesPositions = vision.value("use_absolute_position_embeddings")?.bool
        let isBEiT = type == "beit" || type == "data2vec-vision"
        var names = TensorNames(
            root: root, prefix: prefix, patchProjection: "embeddings.patch_embeddings.projection", blocks: blocks,
            block: BlockNames(attention: [attention], mlp: [mlp]), norm: "layernorm", heads: ["classifier"],
            ignored: [full("embeddings.mask_token"), full("pooler.dense.*"), "decoder.*"])
        names.positions = isBEiT && usesPositions != true ? nil : "embeddings.position_embeddings"
        names.positionPrefixCount =
            type == "dinov2_with_registers" ? 1 : prefix.reduce(0) { $0 + $1.count }
        names.hasBlocksAtTop = hasBlocksAtTop
        if has("encoder." + table) { names.sharedBiasTable = "encoder." + table }
        if type == "flava" {
            names.ignored += ["*text_model*", "*multimodal_model*", "*_projection.*", "*logit_scale"]
        }
        return names
    }
}
