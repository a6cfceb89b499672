import Checkpoints
import Operations

extension TimmArchitecture {
    /// A plain ViT of JAX' or Keras' whose file names nothing: sizes come from the tensors.
    ///
    /// The number of heads is JAX' own, or the user's: throws CFG_HEADS where neither is known. Without a class token
    /// big_vision pools the normalized tokens, by attention or their mean.
    init(unnamed checkpoint: any Checkpoint, heads stated: Int?) throws(CheckpointError) {
        guard let heads = stated ?? checkpoint.facts.heads else {
            throw CheckpointError(
                .configurationHeads, file: checkpoint.file, "does not say how many heads the model has",
                next: "give it with --heads")
        }
        let patch = checkpoint.shape(of: "patch_embed.proj.weight")?.dimensions ?? []
        let (width, side) = (patch.first ?? 1, patch.last ?? 1)
        let hasClassToken = checkpoint.contains("cls_token")
        let positions = checkpoint.shape(of: "pos_embed")?.dimensions.dropFirst().first ?? 1
        let grid = Double(max(1, positions - (hasClassToken ? 1 : 0))).squareRoot().rounded()
        let pool = checkpoint.contains("attn_pool.latent") ? "map" : hasClassToken ? "token" : "avg"
        let size = min(Int(grid), 1 << 10) * min(side, 1 << 10)
        self.init(
            name: "vit", modelClass: .visionTransformer,
            arguments: ["global_pool": JSON(pool), "fc_norm": false, "class_token": JSON(hasClassToken)],
            inputSize: InputSize(height: size, width: size), heads: heads, width: width, isRegistered: false)
    }
}
