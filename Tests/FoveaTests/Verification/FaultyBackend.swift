import Operations

/// The reference with one fault in one operation: what verification must catch.
final class FaultyBackend: Backend {
    typealias Tensor = HostTensor

    /// How an operation goes wrong.
    enum Fault: CaseIterable {
        /// One element is off by a thousandth of a typical value.
        case slightlyWrong
        /// One element is never written, and keeps the NaN that was there.
        case unwritten
        /// Every run gives other bits, all of them well within the tolerance.
        case unsteady
        /// The driver refuses.
        case refused
    }

    /// What `refused` throws.
    struct Refusal: Error, CustomStringConvertible {
        let description = "the driver refuses"
    }

    private let faulty: Operation?
    private let fault: Fault
    private let reference = ReferenceBackend()
    private var runs = 0

    /// - Parameter faulty: The operation that goes wrong; nil for none.
    init(_ faulty: Operation?, _ fault: Fault) { (self.faulty, self.fault) = (faulty, fault) }

    private func spoil(_ result: HostTensor, of operation: Operation) throws(Refusal) -> HostTensor {
        guard operation == faulty else { return result }
        var result = result
        let last = result.values.count - 1
        runs += 1
        switch fault {
        case .slightlyWrong:
            let squares = result.values.reduce(0) { $0 + $1 * $1 }
            result.values[last] += 1e-3 * (squares / Float(result.values.count)).squareRoot()
        case .unwritten: result.values[last] = .nan
        case .unsteady where runs.isMultiple(of: 2): result.values[last] = result.values[last].nextUp
        case .unsteady: break
        case .refused: throw Refusal()
        }
        return result
    }

    func prepare(_ parameters: LinearParameters) throws(Refusal) -> ReferenceLinear { reference.prepare(parameters) }

    func prepare(_ parameters: LayerNormParameters) throws(Refusal) -> LayerNormParameters {
        reference.prepare(parameters)
    }

    func prepare(_ parameters: PatchEmbeddingParameters) throws(Refusal) -> ReferencePatchEmbedding {
        reference.prepare(parameters)
    }

    func upload(_ tensor: HostTensor) throws(Refusal) -> HostTensor { reference.upload(tensor) }
    func upload(_ pictures: PixelBatch) throws(Refusal) -> HostTensor { reference.upload(pictures) }
    func download(_ tensor: HostTensor) throws(Refusal) -> HostTensor { reference.download(tensor) }

    func embed(_ pixels: Pixels<HostTensor>, _ embedding: ReferencePatchEmbedding) throws(Refusal) -> HostTensor {
        try spoil(reference.embed(pixels, embedding), of: .patchEmbedding)
    }

    func prepare(_ parameters: QueryKeyParameters) throws(Refusal) -> QueryKeyParameters {
        reference.prepare(parameters)
    }

    func prepare(_ parameters: AttentionBiasParameters) throws(Refusal) -> AttentionBiasParameters {
        reference.prepare(parameters)
    }

    func layerNorm(
        _ x: HostTensor, _ norm: LayerNormParameters, adding residual: HostTensor?
    ) throws(Refusal) -> HostTensor {
        try spoil(reference.layerNorm(x, norm, adding: residual), of: .layerNorm)
    }

    func queryKey(_ queryKeyValue: HostTensor, _ parameters: QueryKeyParameters) throws(Refusal) -> HostTensor {
        try spoil(reference.queryKey(queryKeyValue, parameters), of: .queryKey)
    }

    func gate(_ x: HostTensor, _ activation: Activation) throws(Refusal) -> HostTensor {
        try spoil(reference.gate(x, activation), of: .gating)
    }

    func linear(
        _ x: HostTensor, _ linear: ReferenceLinear, after norm: LayerNormParameters?, then activation: Activation,
        adding residual: HostTensor?
    ) throws(Refusal) -> HostTensor {
        try spoil(reference.linear(x, linear, after: norm, then: activation, adding: residual), of: .linear)
    }

    func attention(
        _ queryKeyValue: HostTensor, heads: Int, scale: Float, bias: AttentionBiasParameters?, queries: Int?
    ) throws(Refusal) -> HostTensor {
        try spoil(
            reference.attention(queryKeyValue, heads: heads, scale: scale, bias: bias, queries: queries), of: .attention
        )
    }

    func attentionMap(
        _ queryKeyValue: HostTensor, heads: Int, scale: Float, bias: AttentionBiasParameters?, queries: Int?,
        of chosen: Range<Int>, averaged: Bool
    ) throws(Refusal) -> HostTensor {
        let map = reference.attentionMap(
            queryKeyValue, heads: heads, scale: scale, bias: bias, queries: queries, of: chosen, averaged: averaged)
        return try spoil(map, of: .attentionMap)
    }

    func pool(_ tokens: HostTensor, _ pooling: Pooling, over range: Range<Int>) throws(Refusal) -> HostTensor {
        try spoil(reference.pool(tokens, pooling, over: range), of: .pooling)
    }

    func softmax(_ x: HostTensor) throws(Refusal) -> HostTensor { try spoil(reference.softmax(x), of: .softmax) }
}
