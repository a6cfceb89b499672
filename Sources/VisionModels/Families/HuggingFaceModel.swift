import Checkpoints
import Operations

/// A model as transformers saves it: its type, its configuration and its tensors.
struct HuggingFaceModel {
    let type: String
    /// The whole configuration.
    let configuration: Configuration
    /// The part that describes the vision model: the whole, or its `vision_config`.
    let vision: Configuration
    let checkpoint: any Checkpoint
    let overrides: ModelOverrides
    /// What the vision model's names begin with; empty for none.
    let root: String

    /// Sees a model through its configuration; nil where its `model_type` is none of those given.
    ///
    /// - Parameters:
    ///   - types: Types and, for each, what its names may begin with.
    ///   - marker: A name that every model of these types has below its root.
    init?(_ model: ModelDescription, types: [String: [String]], marker: String) throws(CheckpointError) {
        guard let configuration = model.configuration, let type = try configuration.string("model_type"),
            let roots = types[type]
        else { return nil }
        (self.type, self.configuration) = (type, configuration)
        let parts = [try configuration.section("vision_config"), try configuration.section("image_config")]
        vision = parts.compactMap { $0 }.first ?? configuration
        (checkpoint, overrides) = (model.checkpoint, model.overrides)
        root = roots.first { model.checkpoint.contains($0 + "." + marker) } ?? ""
    }

    var weights: Weights { Weights(checkpoint)[root] }

    /// A name below the root, in full.
    func full(_ name: String) -> String { root.isEmpty ? name : root + "." + name }

    /// Whether the vision model has a tensor.
    func has(_ name: String) -> Bool { checkpoint.contains(full(name)) }

    /// Classes of a head, checked against the labels; nil where there is no head of that name.
    func classes(_ head: String) throws(CheckpointError) -> Int? {
        guard let classes = checkpoint.shape(of: head)?.dimensions.first else { return nil }
        try checkpoint.checkHoldsValues(head)
        if let labels = configuration.value("id2label")?.object?.members.count, labels != classes {
            throw CheckpointError(
                .configurationLabels, file: configuration.file,
                "has another number of labels than the model has classes",
                found: "\(labels) labels", expected: "\(classes)", next: "use the configuration of this very model")
        }
        return classes
    }

    /// The plan, once blocks and positions were held against the configuration.
    func plan(
        _ result: VisionTransformerConfiguration, _ names: TensorNames
    ) throws(CheckpointError) -> ModelPlan {
        let blocks = names.hasBlocksAtTop ? Weights(checkpoint)[names.blocks] : weights[names.blocks]
        try result.checkDepth(blocks.layerCount, file: configuration.file)
        try blocks.checkUniformLayers(file: checkpoint.file)
        try result.checkPositions(
            names.positions.flatMap { weights.shape(of: $0) }, prefix: names.positionPrefixCount, file: checkpoint.file)
        var result = result
        if let projection = names.projection {
            let shape = checkpoint.shape(of: projection.weight)
            result.projectionWidth = projection.isTransposed ? shape?.dimensions.last : shape?.dimensions.first
        }
        return ModelPlan(
            configuration: result, names: names, takesProcessorSize: Self.typesOfAnySize.contains(type))
    }

    /// The types whose positions transformers computes for whatever picture comes, without being asked to.
    private static let typesOfAnySize: Set<String> = [
        "dinov2", "dinov2_with_registers", "dinov3_vit", "sapiens2", "tipsv2", "tipsv2_vision_model", "radio",
    ]
}
