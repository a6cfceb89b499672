package import Checkpoints
package import VisionModels

/// A model whose weights are open and understood, ready to be put on a device.
package struct OpenedModel: Sendable {
    /// Where it came from.
    package let files: ModelFiles
    /// Its weights.
    package let checkpoint: any Checkpoint
    /// What it is and what its tensors are called.
    package let plan: ModelPlan
    /// Whether its files say nothing of what it is, and the user gave it the name of one of timm's.
    let isNamedByUser: Bool

    /// Sizes and choices.
    package var configuration: VisionTransformerConfiguration { plan.configuration }
}
