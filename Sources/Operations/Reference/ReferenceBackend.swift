/// The definition of every operation: plain loops in double precision, rounded to float32 at the end of each.
///
/// It shares nothing with the device kernels, so that agreement between the two means something, and runs without
/// OpenCL. Rows are spread over the cores.
public struct ReferenceBackend: Backend, Sendable {
    /// Values in host memory; pictures as their bytes' values.
    public typealias Tensor = HostTensor
    /// Plain arithmetic does not fail.
    public typealias Failure = Never
    /// A layer norm needs no preparation.
    public typealias LayerNorm = LayerNormParameters
    /// Norms and angles need no preparation.
    public typealias QueryKey = QueryKeyParameters
    /// A bias needs no preparation.
    public typealias AttentionBias = AttentionBiasParameters

    /// Makes a backend; it has no state.
    public init() {}

    /// Returns the values themselves.
    public func upload(_ tensor: HostTensor) -> HostTensor { tensor }

    /// Returns the bytes as values 0…255, `[B, height, width, 3]`.
    public func upload(_ pictures: PixelBatch) -> HostTensor {
        HostTensor(pictures.shape, pictures.bytes.map(Float.init))
    }

    /// Returns the values themselves.
    public func download(_ tensor: HostTensor) -> HostTensor { tensor }
}
