import Operations

/// The names of the blog's Keras `VisionTransformer`, presented as timm's.
///
/// Its layers are called as timm calls them; a variable lies at `LAYER/LAYER/VARIABLE:0`, below `model_weights/` where the
/// whole model was saved. Kernels are `[in, out]` and `[P, P, 3, D]`, γ is `weight` and β is `bias`. The position table is that
/// of 224 × 224 pixels whatever the model's input. Source: bubbliiiing/classification-keras, `nets/vision_transformer.py`.
package enum KerasNames {
    private static let prefixes = ["", "model_weights/"]

    /// Presents a checkpoint that has these names; nil for any other.
    ///
    /// The facts tell the tanh form of GELU, which that code uses; the file does not hold the number of heads. Throws
    /// MODEL_SHAPE for a tensor whose shape contradicts its name.
    package static func present(_ checkpoint: any Checkpoint) throws(CheckpointError) -> RenamedCheckpoint? {
        func variables(below prefix: String) -> [(variable: Variable, stored: String)] {
            checkpoint.names.compactMap { name in
                guard name.hasPrefix(prefix) else { return nil }
                let stored = String(name.dropFirst(prefix.count))
                return Variable(stored).map { ($0, stored) }
            }
        }
        let found = prefixes.first { prefix in
            variables(below: prefix).contains { $0.variable == Variable(layer: "patch_embed.proj", name: "kernel") }
        }
        guard let prefix = found else { return nil }
        var renaming = Renaming(checkpoint, prefix: prefix)
        for (variable, stored) in variables(below: prefix) {
            let layer = variable.layer
            switch variable.name {
            case "kernel" where renaming.shape(of: stored)?.rank == 4:
                try renaming.add(layer + ".weight", from: [stored], rank: 4, .convolution)
            case "kernel":
                try renaming.add(layer + ".weight", from: [stored], rank: 2, .transposed(inputAxes: 1))
            case "gamma": try renaming.add(layer + ".weight", from: [stored], rank: 1)
            case "bias", "beta": try renaming.add(layer + ".bias", from: [stored], rank: 1)
            case "cls" where layer == "cls_token": try renaming.add("cls_token", from: [stored], rank: 3)
            case "pos_embedding" where layer == "pos_embed": try renaming.add("pos_embed", from: [stored], rank: 3)
            default: break
            }
        }
        return RenamedCheckpoint(
            checkpoint, renaming, facts: CheckpointFacts(origin: .keras, activation: .geluTanh))
    }

    /// `blocks.0.norm1/blocks.0.norm1/gamma:0` taken apart.
    private struct Variable: Equatable {
        let layer: String
        let name: String

        init(layer: String, name: String) { (self.layer, self.name) = (layer, name) }

        init?(_ path: String) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count >= 2, let layer = parts.first, let last = parts.last, last.hasSuffix(":0") else {
                return nil
            }
            self.init(layer: String(layer), name: String(last.dropLast(2)))
        }
    }
}
