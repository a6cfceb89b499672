/// A format's names for the parameters of a plain Vision Transformer: what a family adds to the engine.
struct TensorNames {
    /// Where query, key and value are.
    enum QueryKeyValue {
        /// One tensor `[3·D, D]`, rows of query first.
        case fused(String)
        /// Three tensors `[D, D]`.
        case split(query: String, key: String, value: String)
    }

    /// What all names but the heads' begin with, such as `vit`; empty for none.
    var root = ""
    /// Tokens in front of the patches, in order, and how many each tensor holds: `[1, count, D]`.
    var prefix: [(name: String, count: Int)]
    var positions: String
    var patchProjection: String
    var blocks: String
    var norm1: String
    var queryKeyValue: QueryKeyValue
    var projection: String
    /// Vectors γ; nil where the format has none.
    var layerScale1: String?
    var norm2: String
    var expand: String
    var contract: String
    var layerScale2: String?
    var norm: String
    /// One head, or two for distilled models.
    var heads: [String]
    /// Tensors that may be there and are not used.
    var ignored: [String] = []
}
