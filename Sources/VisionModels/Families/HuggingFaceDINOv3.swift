import Checkpoints
import Operations

/// DINOv3 and the models that transformers builds after it: `models/dinov3_vit` (Siméoni et al., arXiv:2508.10104),
/// `models/sapiens2`, and TIPS v2, `models/tipsv2`, which has DINOv2's form under timm's names.
enum HuggingFaceDINOv3: ModelFamily {
    static let claims = "transformers' dinov3_vit, sapiens2, tipsv2_vision_model"

    static func plan(_ description: ModelDescription) throws(CheckpointError) -> ModelPlan? {
        if let model = try HuggingFaceModel(
            description, types: ["dinov3_vit": ["model", "dinov3_vit"]], marker: "embeddings.patch_embeddings.weight")
        {
            return try dinov3(model)
        }
        if let model = try HuggingFaceModel(
            description, types: ["sapiens2": ["model", "sapiens2"]], marker: "patch_embed.projection.weight")
        {
            return try sapiens2(model)
        }
        if let model = try HuggingFaceModel(
            description, types: ["tipsv2": ["vision_model"], "tipsv2_vision_model": ["vision_model"]],
            marker: "patch_embed.proj.weight")
        {
            return try tipsv2(model)
        }
        return nil
    }

    private static func rotary(_ model: HuggingFaceModel) throws(CheckpointError) -> RotaryRule {
        let (own, nested) = (
            try model.vision.double("rope_theta"), try model.vision.double("rope_parameters", "rope_theta")
        )
        let theta = own ?? nested ?? 100
        guard theta > 1, theta.isFinite else {
            throw model.vision.rejecting("rope_theta", code: .configurationLimit, expected: "above 1")
        }
        return RotaryRule(coordinates: .centred, frequencies: .geometric(temperature: Float(theta)), pairing: .halves)
    }

    private static func registers(_ model: HuggingFaceModel, _ name: String) -> [(name: String, count: Int)] {
        guard let shape = model.weights.shape(of: name), shape.rank == 3, shape.count > 0 else { return [] }
        return [(name, shape[1])]
    }

    private static func dinov3(_ model: HuggingFaceModel) throws(CheckpointError) -> ModelPlan {
        let fields = try HuggingFaceFields(
            model.vision, defaults: HuggingFaceFields.Defaults(epsilon: 1e-5), overrides: model.overrides)
        try fields.checkSize(against: model.checkpoint, file: model.configuration.file)
        let blocks = model.has("model.layer.0.norm1.weight") ? "model.layer" : "layer"
        let block = model.weights[blocks][0]
        let prefix = [("embeddings.cls_token", 1)] + registers(model, "embeddings.register_tokens")
        var result = fields.vision(
            model.type, prefixCount: prefix.reduce(0) { $0 + $1.1 }, readout: .classToken,
            classes: try model.classes("classifier.weight"))
        result.rotary = try rotary(model)
        result.isGated = block.contains("mlp.gate_proj.weight")
        var attention = AttentionNames(
            norm: "norm1",
            queryKeyValue: .split(query: "attention.q_proj", key: "attention.k_proj", value: "attention.v_proj"),
            projection: "attention.o_proj")
        var mlp = MLPNames(
            norm: "norm2",
            expand: result.isGated
                ? .splitGate(gate: "mlp.gate_proj", value: "mlp.up_proj") : .plain("mlp.up_proj"),
            contract: "mlp.down_proj")
        (attention.layerScale, mlp.layerScale) = ("layer_scale1.lambda1", "layer_scale2.lambda1")
        let names = TensorNames(
            root: model.root, prefix: prefix, patchProjection: "embeddings.patch_embeddings", blocks: blocks,
            block: BlockNames(attention: [attention], mlp: [mlp]), norm: "norm", heads: ["classifier"],
            ignored: [model.full("embeddings.mask_token"), "*rope_embeddings*"]
                + (prefix.count == 1 ? [model.full("embeddings.register_tokens")] : []))
        return try model.plan(result, names)
    }

    private static func sapiens2(_ model: HuggingFaceModel) throws(CheckpointError) -> ModelPlan {
        let fields = try HuggingFaceFields(
            model.vision,
            defaults: HuggingFaceFields.Defaults(epsilonField: "rms_norm_eps", epsilon: 1e-6, activation: "silu"),
            overrides: model.overrides)
        try fields.checkSize(against: model.checkpoint, file: model.configuration.file)
        let block = model.weights["blocks"][0]
        let prefix = [("cls_token", 1)] + registers(model, "storage_tokens")
        var result = fields.vision(
            model.type, prefixCount: prefix.reduce(0) { $0 + $1.1 }, readout: .classToken,
            classes: try model.classes("classifier.weight"))
        result.rotary = try rotary(model)
        (result.isRootMeanSquare, result.isGated) = (true, block.contains("ffn.w12.weight"))
        var attention = AttentionNames(
            norm: "ln1", queryKeyValue: .split(query: "attn.wq", key: "attn.wk", value: "attn.wv"),
            projection: "attn.proj", layerScale: "attn.gamma.weight")
        if block.contains("attn.q_norm.weight") { attention.headNorms = ("attn.q_norm", "attn.k_norm") }
        let mlp = MLPNames(
            norm: "ln2", expand: result.isGated ? .packedGate("ffn.w12") : .plain("ffn.w1"),
            contract: result.isGated ? "ffn.w3" : "ffn.w2")
        let names = TensorNames(
            root: model.root, prefix: prefix, patchProjection: "patch_embed.projection", blocks: "blocks",
            block: BlockNames(attention: [attention], mlp: [mlp]), norm: "ln1", heads: ["classifier"],
            ignored: [model.full("mask_token"), "*rope_embed*"])
        return try model.plan(result, names)
    }

    private static func tipsv2(_ model: HuggingFaceModel) throws(CheckpointError) -> ModelPlan {
        let block = model.weights["blocks"][0]
        let isGated = block.contains("mlp.weights_in.weight")
        let contract = isGated ? "mlp.weights_out" : "mlp.c_proj"
        let fields = try HuggingFaceFields(
            model.vision, defaults: HuggingFaceFields.Defaults(patchSide: 14, epsilon: 1e-6),
            hiddenWidth: block.shape(of: contract + ".weight")?.dimensions.last, overrides: model.overrides)
        try fields.checkSize(against: model.checkpoint, file: model.configuration.file)
        let prefix = [("cls_token", 1)] + registers(model, "register_tokens")
        var result = fields.vision(model.type, prefixCount: prefix.reduce(0) { $0 + $1.1 }, readout: .classToken)
        result.isGated = isGated
        if isGated { result.activation = .silu }
        result.positionResampling = .antialiasedBilinear
        let attention = AttentionNames(
            norm: "norm1", queryKeyValue: .fused("attn.qkv"), projection: "attn.proj", layerScale: "ls1.gamma")
        let mlp = MLPNames(
            norm: "norm2", expand: isGated ? .packedGate("mlp.weights_in") : .plain("mlp.c_fc"),
            contract: LinearNames(contract), layerScale: "ls2.gamma")
        var names = TensorNames(
            root: model.root, prefix: prefix, positions: "pos_embed", patchProjection: "patch_embed.proj",
            blocks: "blocks", block: BlockNames(attention: [attention], mlp: [mlp]), norm: "norm", heads: [],
            ignored: [model.full("mask_token"), "text_model.*", "logit_scale", "*temperature*"])
        names.positionPrefixCount = 1
        return try model.plan(result, names)
    }
}
