package import VisionModels

extension VisionTransformerConfiguration {
    /// What a model ends with: logits, or the embedding where it has no head.
    package var output: OutputKind { classes == nil ? .embedding : .logits }

    /// The name of `output`.
    package var outputName: String { classes == nil ? "embedding" : "logits" }
}
