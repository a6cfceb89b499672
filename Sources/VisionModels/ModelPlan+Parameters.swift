package import Checkpoints

extension ModelPlan {
    /// The tensors of a checkpoint that the model reads: all but those that its format carries for other purposes.
    package func parameterNames(in checkpoint: any Checkpoint) -> [String] {
        let ignored = names.ignored.map { NamePattern($0) }
        return checkpoint.names.filter { name in !ignored.contains { $0.matches(name) } }
    }
}
