import Checkpoints
import Operations

/// RADIO as transformers saves it: `models/radio`, in its own names or those of NVlabs/RADIO, which `save_pretrained` keeps.
///
/// AM-RADIO: Ranzinger et al., arXiv:2312.06709; C-RADIO and its cropped positions: arXiv:2412.07679. The model
/// normalizes pictures itself and has no last norm; its embedding is the class tokens of `summary_idxs`, side by side.
enum HuggingFaceRadio: ModelFamily {
    static let claims = "transformers' radio"

    static func plan(_ description: ModelDescription) throws(CheckpointError) -> ModelPlan? {
        let own = Layout(
            patches: "embeddings.patch_projection", positions: "embeddings.position_embedding",
            tokens: "embeddings.cls_register_token", blocks: "encoder.layer", root: "")
        let original = Layout(
            patches: "model.patch_generator.embedder", positions: "model.patch_generator.pos_embed",
            tokens: "model.patch_generator.cls_token.token", blocks: "model.blocks", root: "radio_model")
        for layout in [own, original] {
            guard
                let model = try HuggingFaceModel(
                    description, types: ["radio": ["model", "radio_model"]], marker: layout.patches + ".weight"),
                model.has(layout.patches + ".weight")
            else { continue }
            return try plan(model, layout)
        }
        return nil
    }

    /// What the parts are called.
    private struct Layout {
        let patches: String
        let positions: String
        let tokens: String
        let blocks: String
        let root: String
    }

    private static func plan(_ model: HuggingFaceModel, _ layout: Layout) throws(CheckpointError) -> ModelPlan {
        let block = model.weights[layout.blocks][0]
        let isGated = block.contains("mlp.gate_proj.weight")
        let contract = isGated ? "mlp.down_proj" : "mlp.fc2"
        let fields = try HuggingFaceFields(
            model.vision, defaults: HuggingFaceFields.Defaults(epsilon: 1e-6),
            hiddenWidth: block.shape(of: contract + ".weight")?.dimensions.last, overrides: model.overrides)
        try fields.checkSize(against: model.checkpoint, file: model.configuration.file)
        try model.checkpoint.checkHoldsValues(model.full(layout.tokens))
        let tokens = model.weights.shape(of: layout.tokens)?.dimensions.first ?? 0
        var result = fields.vision(
            model.type, prefixCount: tokens, readout: .tokens(try summary(model.vision, of: tokens)),
            normPlacement: .nowhere)
        result.isGated = isGated
        if isGated { result.activation = .silu }
        result.positionResampling = .croppedBilinear
        var attention = AttentionNames(
            norm: "norm1",
            queryKeyValue: block.contains("attn.qkv.weight")
                ? .fused("attn.qkv")
                : .split(query: "attention.q_proj", key: "attention.k_proj", value: "attention.v_proj"),
            projection: block.contains("attn.proj.weight") ? "attn.proj" : "attention.o_proj")
        var mlp = MLPNames(
            norm: "norm2",
            expand: isGated ? .splitGate(gate: "mlp.gate_proj", value: "mlp.up_proj") : .plain("mlp.fc1"),
            contract: LinearNames(contract))
        // NVIDIA's files have no layer scale.
        if block.contains("layer_scale1.lambda1") {
            (attention.layerScale, mlp.layerScale) = ("layer_scale1.lambda1", "layer_scale2.lambda1")
        } else if try model.vision.double("layerscale_value") ?? 1 != 1 {
            throw model.vision.rejecting(
                "layerscale_value", code: .configurationTensorMismatch,
                expected: "1, as the weights have no layer scale")
        }
        var names = TensorNames(
            root: model.root, prefix: [(layout.tokens, tokens)], positions: layout.positions,
            patchProjection: layout.patches, blocks: layout.blocks,
            block: BlockNames(attention: [attention], mlp: [mlp]), norm: "", heads: [],
            ignored: [model.full("summary_idxs"), "*video_embedder*", "*video_patch_projection*"])
        names.positionPrefixCount = 0
        names.patchLayout = .matrix
        names.inputNormalization = ("input_conditioner.norm_mean", "input_conditioner.norm_std")
        return try model.plan(result, names)
    }

    /// The tokens that `summary_idxs` names.
    private static func summary(_ vision: Configuration, of tokens: Int) throws(CheckpointError) -> [Int] {
        let indices = try vision.integers("summary_idxs") ?? [0, 1]
        let classes = try vision.positive("num_cls_tokens", default: 3, limit: 1 << 10)
        guard !indices.isEmpty, indices.count <= 64, indices.allSatisfy({ (0..<min(classes, tokens)).contains($0) })
        else {
            throw vision.rejecting(
                "summary_idxs", code: .configurationLimit, expected: "1 to 64 of the class tokens, 0 to \(classes - 1)")
        }
        return indices
    }
}
