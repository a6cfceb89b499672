/// What the factors of a linear layer's product are stored and multiplied as.
///
/// Sums, softmax, layer norm and the residual stream are float32 in every precision, and so are the patch embedding and
/// the head. Attention is, but on devices that multiply these numbers by matrix instructions: its factors are of the
/// precision there.
public enum Precision: String, Sendable, CaseIterable {
    /// 24 significant bits.
    case float32
    /// 11 significant bits, up to 65504.
    case float16
    /// 8 significant bits, the range of float32.
    case bfloat16
    /// Weights of −127…127 with a scale for each output; rows of 0…255 with a scale and a zero point each.
    case int8
}
