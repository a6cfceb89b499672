package import Operations

/// What is known of a model from the kind of file it lies in, where names and shapes do not tell.
package struct CheckpointFacts: Hashable, Sendable {
    /// Whose names and conventions the file was written in.
    package enum Origin: String, Hashable, Sendable {
        /// Google's `vision_transformer` and `big_vision`, written in JAX.
        case jax = "JAX"
        /// The `VisionTransformer` of bubbliiiing/classification-keras.
        case keras = "Keras"
    }

    /// Nil where the names are the file's own and it is for a family to recognize them.
    package var origin: Origin?
    /// Number of attention heads, H, where the file's shapes hold it.
    package var heads: Int?
    /// Activation of the MLP in the authors' own code.
    package var activation: Activation?

    /// Gathers what is known; nothing by default.
    package init(origin: Origin? = nil, heads: Int? = nil, activation: Activation? = nil) {
        self.origin = origin
        self.heads = heads
        self.activation = activation
    }
}
