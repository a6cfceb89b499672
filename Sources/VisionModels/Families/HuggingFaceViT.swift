import Checkpoints
import Operations

/// ViT and DeiT as transformers saves them: `model_type` `vit` and `deit`, in both layouts of names.
///
/// huggingface/transformers `models/vit`, `models/deit`. The configuration holds all sizes; ε is 1e-12 unless it says
/// otherwise. DeiT without a teacher reads the class token alone.
enum HuggingFaceViT: ModelFamily {
    static let claims = "transformers' model_type vit and deit"

    static func plan(_ model: ModelDescription) throws(CheckpointError) -> ModelPlan? {
        guard let configuration = model.configuration, let type = try configuration.string("model_type"),
            type == "vit" || type == "deit"
        else { return nil }
        let checkpoint = model.checkpoint
        let root = checkpoint.names.contains { $0.hasPrefix(type + ".") } ? type : ""
        let hasTeacher = checkpoint.contains("distillation_classifier.weight")
        let fields = try HuggingFaceFields(configuration, overrides: model.overrides)
        try fields.checkSize(against: checkpoint, file: configuration.file)
        let head = hasTeacher ? "cls_classifier.weight" : "classifier.weight"
        let classes = checkpoint.shape(of: head)?.dimensions.first
        guard classes != 0 else {
            throw CheckpointError(
                .modelShape, file: checkpoint.file, tensor: head, "is empty", found: "0 classes", expected: "at least 1"
            )
        }
        if let classes, let labels = configuration.value("id2label")?.object?.members.count, labels != classes {
            throw CheckpointError(
                .configurationLabels, file: configuration.file,
                "has another number of labels than the model has classes",
                found: "\(labels) labels", expected: "\(classes)", next: "use the configuration of this very model")
        }
        let result = VisionTransformerConfiguration(
            architecture: type, imageHeight: fields.size.height, imageWidth: fields.size.width,
            patchSide: fields.patchSide, width: fields.width, depth: fields.depth, heads: fields.heads,
            hiddenWidth: fields.hiddenWidth, epsilon: fields.epsilon, activation: fields.activation,
            prefixCount: prefix(type).count, readout: hasTeacher ? .distilled : .classToken,
            normPlacement: .beforePooling, classes: classes)
        let names = names(root: root, type: type, isNew: checkpoint.usesNewLayout(root), hasTeacher: hasTeacher)
        try result.checkDepth(Weights(checkpoint)[root][names.blocks].layerCount, file: configuration.file)
        try result.checkPositions(
            names.positions.flatMap { Weights(checkpoint)[root].shape(of: $0) }, file: checkpoint.file)
        return ModelPlan(configuration: result, names: names)
    }

    /// Every DeiT has a distillation token, with or without a teacher's head.
    private static func prefix(_ type: String) -> [(name: String, count: Int)] {
        [("embeddings.cls_token", 1)] + (type == "deit" ? [("embeddings.distillation_token", 1)] : [])
    }

    private static func names(root: String, type: String, isNew: Bool, hasTeacher: Bool) -> TensorNames {
        let base = root.isEmpty ? "" : root + "."
        let attention = AttentionNames(
            norm: "layernorm_before",
            queryKeyValue: isNew
                ? .split(query: "attention.q_proj", key: "attention.k_proj", value: "attention.v_proj")
                : .split(
                    query: "attention.attention.query", key: "attention.attention.key",
                    value: "attention.attention.value"),
            projection: isNew ? "attention.o_proj" : "attention.output.dense")
        let mlp = MLPNames(
            norm: "layernorm_after", expand: .plain(isNew ? "mlp.fc1" : "intermediate.dense"),
            contract: isNew ? "mlp.fc2" : "output.dense")
        return TensorNames(
            root: root, prefix: prefix(type), positions: "embeddings.position_embeddings",
            patchProjection: "embeddings.patch_embeddings.projection", blocks: isNew ? "layers" : "encoder.layer",
            block: BlockNames(attention: [attention], mlp: [mlp]), norm: "layernorm",
            heads: hasTeacher ? ["cls_classifier", "distillation_classifier"] : ["classifier"],
            ignored: [base + "embeddings.mask_token", base + "pooler.dense.*"])
    }
}

extension Checkpoint {
    /// Whether names follow the layout of transformers' pull request 41693: `layers.0.attention.q_proj`.
    fileprivate func usesNewLayout(_ root: String) -> Bool {
        contains((root.isEmpty ? "" : root + ".") + "layers.0.attention.q_proj.weight")
    }
}
