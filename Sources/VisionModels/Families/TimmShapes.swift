import Checkpoints
import Operations

/// What the tensors of a timm model say about its sizes.
struct TimmShapes {
    let width: Int
    let patchSide: Int
    let depth: Int
    /// Width inside the MLP, of the value where there is a gate.
    let hiddenWidth: Int
    /// Whether the MLP has a gate.
    let isGated: Bool
    /// Tokens in front of the patches that the file has, and how many of each.
    let prefix: [(name: String, count: Int)]
    let classes: Int?

    var hasClassToken: Bool { prefix.contains { $0.name == "cls_token" } }

    init(_ checkpoint: any Checkpoint) throws(CheckpointError) {
        func shape(_ name: String, rank: Int) throws(CheckpointError) -> Shape {
            guard let shape = checkpoint.shape(of: name) else {
                throw CheckpointError(
                    .modelMissing, file: checkpoint.file, tensor: name, "is not in the checkpoint",
                    next: "check that the file is a whole timm model")
            }
            guard shape.rank == rank, shape.count > 0 else {
                throw CheckpointError(
                    .modelShape, file: checkpoint.file, tensor: name, "has a shape that cannot be used",
                    found: "\(shape)", expected: "\(rank) axes, none empty")
            }
            return shape
        }
        let patch = try shape("patch_embed.proj.weight", rank: 4)
        (width, patchSide) = (patch[0], patch[2])
        depth = try Weights(checkpoint)["blocks"].depth(file: checkpoint.file)
        if checkpoint.contains("blocks.0.in_proj.weight") {
            (hiddenWidth, isGated) = (max(1, try shape("blocks.0.in_proj.weight", rank: 2)[0] - 3 * patch[0]), false)
        } else {
            let candidates = ["ffns.0.mlp.fc2", "mlp.w3", "mlp.fc2"].map { "blocks.0.\($0).weight" }
            let contract = candidates.first(where: checkpoint.contains) ?? candidates[2]
            hiddenWidth = try shape(contract, rank: 2)[1]
            isGated =
                ["fc1_g", "w1", "w12"].contains { checkpoint.contains("blocks.0.mlp.\($0).weight") }
                || checkpoint.shape(of: "blocks.0.mlp.fc1.weight")?.dimensions.first == 2 * hiddenWidth
        }
        // FAIR's files of DINOv2 say register_tokens, those of DINOv3 storage_tokens.
        let tokens = ["cls_token", "dist_token", "reg_token", "register_tokens", "storage_tokens"]
        prefix = try tokens.filter(checkpoint.contains).map {
            (name) throws(CheckpointError) in (name, try shape(name, rank: 3)[1])
        }
        classes = checkpoint.contains("head.weight") ? try shape("head.weight", rank: 2)[0] : nil
    }
}
