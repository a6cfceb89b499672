/// What the factors of a linear layer's product are stored and multiplied as.
///
/// Sums, softmax, layer norm, the residual stream and the head are float32 in every precision. Attention is, but on
/// devices that multiply these numbers by matrix instructions, and the patch embedding, but where those are of warp
/// groups: their factors are of the precision there.
public enum Precision: String, Sendable, CaseIterable {
    /// 24 significant bits.
    case float32
    /// 11 significant bits, up to 65504.
    case float16
    /// 8 significant bits, the range of float32.
    case bfloat16
    /// Weights of −127…127 with a scale for each output; rows of 0…255 from the least of each to its largest.
    case int8
}
