import Operations

/// The names of Google's `vision_transformer` (AugReg) and `big_vision`, presented as timm's.
///
/// Kernels are `[in, out]`, those of attention `[D, H, C]` and `[H, C, D]`, the patch kernel `[P, P, 3, D]`; big_vision may
/// stack all layers along a leading axis, and pools by attention in `MAPHead_0` (→ `attn_pool`). `pre_logits`, a layer with
/// tanh before the head, becomes `pre_logits.fc`, which no plain ViT has. What lies outside the model's prefix, such as
/// SigLIP's text tower or an optimizer's state, is not presented. Names: google-research/vision_transformer `models_vit.py`,
/// google-research/big_vision `models/vit.py`; layouts as timm's `_load_weights` has them.
package enum JAXNames {
    /// The prefixes under which training code stores its parameters.
    private static let prefixes = ["", "opt/target/", "params/", "params/img/", "img/"]

    /// The most layers that are believed, whatever a leading axis says.
    private static let depthLimit = 256

    /// Presents a checkpoint that has these names; nil for any other.
    ///
    /// The facts tell the number of heads, and the tanh form of GELU, which is Flax's default. Throws MODEL_SHAPE for a
    /// tensor whose shape contradicts its name.
    package static func present(_ checkpoint: any Checkpoint) throws(CheckpointError) -> RenamedCheckpoint? {
        guard let prefix = prefixes.first(where: { checkpoint.contains($0 + "embedding/kernel") }) else { return nil }
        var renaming = Renaming(checkpoint, prefix: prefix)
        try renaming.add("cls_token", from: ["cls"], rank: 3)
        let hasRootPositions = renaming.shape(of: "pos_embedding") != nil
        try renaming.add(
            "pos_embed", from: [hasRootPositions ? "pos_embedding" : "Transformer/posembed_input/pos_embedding"],
            rank: 3)
        try renaming.add("patch_embed.proj.weight", from: ["embedding/kernel"], rank: 4, .convolution)
        try renaming.add("patch_embed.proj.bias", from: ["embedding/bias"], rank: 1)
        let heads = try addBlocks(to: &renaming, checkpoint)
        try addNorm("norm", from: "Transformer/encoder_norm", to: &renaming)
        try addPooling(to: &renaming)
        try addDense("pre_logits.fc", from: "pre_logits", to: &renaming)
        try addDense("head", from: "head", to: &renaming)
        return RenamedCheckpoint(
            checkpoint, renaming, facts: CheckpointFacts(origin: .jax, heads: heads, activation: .geluTanh))
    }

    /// Adds all blocks; gives the number of heads, which is the same in all of them.
    private static func addBlocks(
        to renaming: inout Renaming, _ checkpoint: any Checkpoint
    ) throws(CheckpointError) -> Int? {
        let stack = "Transformer/encoderblock"
        let isStacked = renaming.shape(of: stack + "/LayerNorm_0/scale") != nil
        let depth =
            isStacked
            ? renaming.shape(of: stack + "/LayerNorm_0/scale")?.dimensions.first ?? 0
            : (0...depthLimit).first { renaming.shape(of: "\(stack)_\($0)/LayerNorm_0/scale") == nil } ?? depthLimit + 1
        guard depth <= depthLimit else {
            throw CheckpointError(
                .modelShape, file: checkpoint.file, "has too many layers", found: "\(depth)",
                expected: "at most \(depthLimit)", next: "check that the file is a Vision Transformer")
        }
        let first = isStacked ? stack : stack + "_0"
        /// The first of the numbers that Flax may have given a module.
        func module(_ name: String, _ numbers: [Int], _ parameter: String) -> String {
            let number = numbers.first { renaming.shape(of: "\(first)/\(name)_\($0)/\(parameter)") != nil }
            return "\(name)_\(number ?? numbers[0])"
        }
        let attention = module("MultiHeadDotProductAttention", [1, 0], "query/kernel")
        let secondNorm = module("LayerNorm", [2, 1], "scale")
        let perceptron = module("MlpBlock", [3, 0], "Dense_0/kernel")
        var heads: Int?
        for index in 0..<depth {
            let (block, slice) = isStacked ? (stack, index) : ("\(stack)_\(index)", nil)
            let name = "blocks.\(index)"
            for part in ["query", "key", "value"] {
                let stored = "\(block)/\(attention)/\(part)/kernel"
                guard let shape = renaming.shape(of: stored), shape.rank == (isStacked ? 4 : 3) else { continue }
                let found = shape[shape.rank - 2]
                guard found == heads ?? found else {
                    throw Renaming.misshapen(
                        stored, shape, "\(heads ?? 0) heads as in the other layers", checkpoint)
                }
                heads = found
            }
            try addNorm(name + ".norm1", from: block + "/LayerNorm_0", slice, to: &renaming)
            try addAttention(
                name + ".attn.qkv", ["query", "key", "value"], from: "\(block)/\(attention)", slice, to: &renaming)
            try addOutput(name + ".attn.proj", from: "\(block)/\(attention)/out", slice, to: &renaming)
            try addNorm(name + ".norm2", from: "\(block)/\(secondNorm)", slice, to: &renaming)
            try addDense(name + ".mlp.fc1", from: "\(block)/\(perceptron)/Dense_0", slice, to: &renaming)
            try addDense(name + ".mlp.fc2", from: "\(block)/\(perceptron)/Dense_1", slice, to: &renaming)
        }
        return heads
    }

    /// Adds big_vision's attention pooling.
    private static func addPooling(to renaming: inout Renaming) throws(CheckpointError) {
        let (name, stored) = ("attn_pool", "MAPHead_0")
        let attention = stored + "/MultiHeadDotProductAttention_0"
        try renaming.add(name + ".latent", from: [stored + "/probe"], rank: 3)
        try addAttention(name + ".q", ["query"], from: attention, nil, to: &renaming)
        try addAttention(name + ".kv", ["key", "value"], from: attention, nil, to: &renaming)
        try addOutput(name + ".proj", from: attention + "/out", nil, to: &renaming)
        try addNorm(name + ".norm", from: stored + "/LayerNorm_0", to: &renaming)
        try addDense(name + ".mlp.fc1", from: stored + "/MlpBlock_0/Dense_0", to: &renaming)
        try addDense(name + ".mlp.fc2", from: stored + "/MlpBlock_0/Dense_1", to: &renaming)
    }

    private static func addNorm(
        _ name: String, from stored: String, _ slice: Int? = nil, to renaming: inout Renaming
    ) throws(CheckpointError) {
        try renaming.add(name + ".weight", from: [stored + "/scale"], rank: 1, slice: slice)
        try renaming.add(name + ".bias", from: [stored + "/bias"], rank: 1, slice: slice)
    }

    private static func addDense(
        _ name: String, from stored: String, _ slice: Int? = nil, to renaming: inout Renaming
    ) throws(CheckpointError) {
        try renaming.add(
            name + ".weight", from: [stored + "/kernel"], rank: 2, slice: slice, .transposed(inputAxes: 1))
        try renaming.add(name + ".bias", from: [stored + "/bias"], rank: 1, slice: slice)
    }

    /// Kernels `[D, H, C]` and biases `[H, C]`, one below the other.
    private static func addAttention(
        _ name: String, _ parts: [String], from stored: String, _ slice: Int?, to renaming: inout Renaming
    ) throws(CheckpointError) {
        try renaming.add(
            name + ".weight", from: parts.map { "\(stored)/\($0)/kernel" }, rank: 3, slice: slice,
            .transposed(inputAxes: 1))
        try renaming.add(
            name + ".bias", from: parts.map { "\(stored)/\($0)/bias" }, rank: 2, slice: slice, .flattened)
    }

    /// The kernel `[H, C, D]` behind attention.
    private static func addOutput(
        _ name: String, from stored: String, _ slice: Int?, to renaming: inout Renaming
    ) throws(CheckpointError) {
        try renaming.add(
            name + ".weight", from: [stored + "/kernel"], rank: 3, slice: slice, .transposed(inputAxes: 2))
        try renaming.add(name + ".bias", from: [stored + "/bias"], rank: 1, slice: slice)
    }
}
