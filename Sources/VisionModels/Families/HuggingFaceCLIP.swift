import Checkpoints
import Operations

/// The image towers that transformers builds like CLIP: `models/clip`, `metaclip_2`, `altclip`, `chinese_clip`, `mlcd`,
/// `siglip`, `siglip2`, alone or within a model of pictures and texts.
///
/// CLIP: Radford et al., arXiv:2103.00020; SigLIP: Zhai et al., arXiv:2303.15343. transformers' `pre_layrnorm` is
/// spelled so.
enum HuggingFaceCLIP: ModelFamily {
    static let claims = "transformers' " + types.sorted().joined(separator: ", ")

    private static let types = [
        "clip", "clip_vision_model", "metaclip_2", "metaclip_2_vision_model", "altclip", "altclip_vision_model",
        "chinese_clip", "chinese_clip_vision_model", "mlcd", "mlcd_vision_model", "siglip", "siglip_vision_model",
        "siglip2", "siglip2_vision_model",
    ]

    static func plan(_ description: ModelDescription) throws(CheckpointError) -> ModelPlan? {
        let roots = Dictionary(types.map { ($0, ["vision_model"]) }, uniquingKeysWith: { $1 })
        guard
            let model = try HuggingFaceModel(
                description, types: roots, marker: "embeddings.patch_embedding.weight")
        else { return nil }
        let isSigLIP = model.type.hasPrefix("siglip")
        let fields = try HuggingFaceFields(
            model.vision,
            defaults: HuggingFaceFields.Defaults(
                patchSide: isSigLIP ? 16 : 32, epsilon: isSigLIP ? 1e-6 : 1e-5,
                activation: isSigLIP
                    ? "gelu_pytorch_tanh" : model.type.hasPrefix("mlcd") ? "gelu" : "quick_gelu"),
            ownSize: try model.sizeOfTable(), overrides: model.overrides)
        try fields.checkSize(against: model.checkpoint, file: model.configuration.file)
        let classes = try model.classes("classifier.weight")
        var result = fields.vision(
            model.type, prefixCount: isSigLIP ? 0 : 1, readout: .classToken, classes: classes)
        var names = model.towerNames
        if model.type.hasPrefix("siglip2") { result.positionResampling = .antialiasedBilinear }
        if model.type.hasPrefix("mlcd") {
            let theta = try model.vision.double("rope_parameters", "rope_theta") ?? 10000
            result.rotary = RotaryRule(
                coordinates: .index(offset: 0, trainedGrid: nil),
                frequencies: .geometric(temperature: Float(max(theta, 1.001))), pairing: .halves)
        }
        switch (isSigLIP, classes) {
        case (false, nil):
            // The last hidden state is not normalized, the class token alone is.
            result.normPlacement = .afterPooling
        case (false, _):
            // The classifier reads the mean of the patches as the last block leaves them.
            (result.readout, result.normPlacement) = (.pooled(.average, skipping: 1), .nowhere)
            names.ignored.append(model.full("post_layernorm.*"))
        case (true, nil) where model.has("head.probe"):
            result.readout = .attentionPooled(heads: fields.heads, skipping: 0)
            names.pool = model.siglipPool(width: fields.width)
        case (true, _):
            result.readout = .pooled(.average, skipping: 0)
            names.ignored.append(model.full("head.*"))
        }
        if classes == nil, model.checkpoint.contains("visual_projection.weight") {
            names.projection = LinearNames(weight: "visual_projection.weight", bias: nil)
        }
        return try model.plan(result, names)
    }
}

extension HuggingFaceModel {
    /// SigLIP 2 names no size: it is that of its square table of positions.
    fileprivate func sizeOfTable() throws(CheckpointError) -> InputSize? {
        guard type.hasPrefix("siglip2"), overrides.inputSize == nil else { return nil }
        let positions = try vision.positive("num_patches", default: 256, limit: 1 << 28)
        let side =
            Int(Double(positions).squareRoot()) * (try vision.positive("patch_size", default: 16, limit: 1 << 10))
        return InputSize(height: side, width: side)
    }

    /// The names of a tower.
    fileprivate var towerNames: TensorNames {
        let attention = AttentionNames(
            norm: "layer_norm1",
            queryKeyValue: .split(query: "self_attn.q_proj", key: "self_attn.k_proj", value: "self_attn.v_proj"),
            projection: "self_attn.out_proj")
        let mlp = MLPNames(norm: "layer_norm2", expand: .plain("mlp.fc1"), contract: "mlp.fc2")
        var names = TensorNames(
            root: root, prefix: type.hasPrefix("siglip") ? [] : [("embeddings.class_embedding", 1)],
            positions: "embeddings.position_embedding.weight", patchProjection: "embeddings.patch_embedding",
            blocks: weights["encoder.layer"].layerCount > 0 ? "encoder.layer" : "encoder.layers",
            block: BlockNames(attention: [attention], mlp: [mlp]), norm: "post_layernorm",
            heads: ["classifier"], ignored: HuggingFaceModel.textNames)
        if !type.hasPrefix("siglip") { names.preNorm = has("pre_layernorm.weight") ? "pre_layernorm" : "pre_layrnorm" }
        names.positionPrefixCount = type.hasPrefix("siglip") ? 0 : 1
        if weights.shape(of: "embeddings.patch_embedding.weight")?.rank == 2 { names.patchLayout = .channelsLast }
        if type.hasPrefix("mlcd") { (names.positions, names.classTokenAngles) = (nil, "class_pos_emb") }
        return names
    }

    /// What belongs to texts, or to the comparison with them.
    static let textNames = [
        "text_model.*", "text_projection*", "logit_scale", "logit_bias", "*position_ids",
    ]

    fileprivate func siglipPool(width: Int) -> AttentionPoolNames {
        func part(_ index: Int) -> LinearNames {
            var names = LinearNames(weight: "head.attention.in_proj_weight", bias: "head.attention.in_proj_bias")
            names.rows = LinearNames.Part(range: index * width..<(index + 1) * width, total: 3 * width)
            return names
        }
        return AttentionPoolNames(
            latent: "head.probe", query: part(0), key: part(1), value: part(2), projection: "head.attention.out_proj",
            mlp: ("head.layernorm", "head.mlp.fc1", "head.mlp.fc2"))
    }
}
