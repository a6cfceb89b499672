import Checkpoints
import Operations

extension ModelPlan {
    /// Throws where the plan cannot be carried out, before memory is taken for any part of it.
    func check(_ model: ModelDescription) throws(CheckpointError) {
        let file = model.configuration?.file ?? model.checkpoint.file
        // The length of one of its other axes may be any number, and cost no byte.
        for name in parameterNames(in: model.checkpoint) { try model.checkpoint.checkHoldsValues(name) }
        try checkAngles(file: file)
        try checkPatchNorm(model.checkpoint)
    }

    /// Throws where heads do not divide into pairs of channels for two axes to turn, or into the halves of differential ones.
    private func checkAngles(file: String) throws(CheckpointError) {
        let isDifferential = names.block.attention.contains { $0.differential != nil }
        let unit = (configuration.rotary == nil ? 1 : 4) * (isDifferential ? 2 : 1)
        guard configuration.headWidth % unit == 0 else {
            throw CheckpointError(
                .configurationHeads, file: file, "has heads of a width that its attention cannot divide",
                found: "\(configuration.heads) heads of width \(configuration.headWidth)",
                expected: "a multiple of \(unit)", next: "use the configuration of this very model")
        }
        guard !configuration.hasSinePositions || configuration.width % 4 == 0 else {
            throw CheckpointError(
                .configurationShape, file: file, "has a width that its positions cannot divide",
                found: "\(configuration.width)", expected: "a multiple of 4")
        }
    }

    /// Throws where tokens in front would be normalized with the patches.
    private func checkPatchNorm(_ checkpoint: any Checkpoint) throws(CheckpointError) {
        guard let norm = names.patchNorm, configuration.prefixCount > 0 else { return }
        throw CheckpointError(
            .modelUnexpected, file: checkpoint.file, tensor: Weights(checkpoint)[names.root][norm].path + ".weight",
            "normalizes the patches of a model that has tokens in front of them",
            found: "\(configuration.prefixCount) tokens", expected: "none",
            next: "check that the file belongs to this model")
    }
}

extension Checkpoint {
    /// Throws where a tensor is there and empty.
    func checkHoldsValues(_ name: String) throws(CheckpointError) {
        guard let shape = shape(of: name), shape.count == 0 else { return }
        throw CheckpointError(
            .modelShape, file: file, tensor: name, "is empty", found: "\(shape)", expected: "no axis of length 0",
            next: "check that the file is whole")
    }
}
