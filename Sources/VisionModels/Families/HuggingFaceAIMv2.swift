import Checkpoints
import Operations

/// AIMv2's image tower as transformers saves it: `models/aimv2` (Fini et al., arXiv:2411.14402).
enum HuggingFaceAIMv2: ModelFamily {
    static let claims = "transformers' aimv2, aimv2_vision_model"

    static func plan(_ description: ModelDescription) throws(CheckpointError) -> ModelPlan? {
        guard
            let model = try HuggingFaceModel(
                description, types: ["aimv2": ["vision_model"], "aimv2_vision_model": ["vision_model"]],
                marker: "embeddings.patch_embed.weight")
        else { return nil }
        let fields = try HuggingFaceFields(
            model.vision,
            defaults: HuggingFaceFields.Defaults(
                patchSide: 14, epsilonField: "rms_norm_eps", epsilon: 1e-5, activation: "silu"),
            overrides: model.overrides)
        try fields.checkSize(against: model.checkpoint, file: model.configuration.file)
        let isPooled = model.has("head.cls_token")
        var result = fields.vision(
            model.type, prefixCount: 0,
            readout: isPooled ? .attentionPooled(heads: fields.heads, skipping: 0) : .pooled(.average, skipping: 0))
        (result.isGated, result.isRootMeanSquare) = (true, true)
        result.hasSinePositions = try model.vision.bool("is_native") ?? false
        result.positionResampling = .none
        let attention = AttentionNames(
            norm: "rms_norm1",
            queryKeyValue: .split(query: "attention.q_proj", key: "attention.k_proj", value: "attention.v_proj"),
            projection: "attention.out_proj")
        let mlp = MLPNames(
            norm: "rms_norm2", expand: .splitGate(gate: "ffn.gate_proj", value: "ffn.up_proj"),
            contract: "ffn.down_proj")
        var names = TensorNames(
            root: model.root, prefix: [], patchProjection: "embeddings.patch_embed", patchNorm: "embeddings.rms_norm",
            blocks: "encoder.layers", block: BlockNames(attention: [attention], mlp: [mlp]), norm: "rms_norm",
            heads: [], ignored: HuggingFaceModel.textNames)
        if !result.hasSinePositions { names.positions = "embeddings.position_embedding.weight" }
        if isPooled {
            names.pool = AttentionPoolNames(
                latent: "head.cls_token", key: "head.k_proj", value: "head.v_proj", projection: "head.output_proj")
        }
        if model.checkpoint.contains("visual_projection.weight") { names.projection = "visual_projection" }
        return try model.plan(result, names)
    }
}
