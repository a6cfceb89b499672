import Operations

/// The reference with the weights of linear layers rounded to half, as `OpenCLBackend.Options.storesWeightsAsHalf` keeps
/// them: against it, arithmetic in float32 has the error that it has on float32 weights.
struct HalfWeightReference: Backend {
    private let reference = ReferenceBackend()

    /// Folds layer scale in, then rounds.
    func prepare(_ parameters: LinearParameters) -> ReferenceLinear {
        let (weight, scale) = (parameters.weight, parameters.layerScale)
        let inputs = weight.shape[1]
        let rounded = weight.values.indices.map { index in
            Float(Float16(weight.values[index] * (scale?[index / inputs] ?? 1)))
        }
        let bias = parameters.bias.map { bias in bias.indices.map { bias[$0] * (scale?[$0] ?? 1) } }
        return reference.prepare(LinearParameters(weight: HostTensor(weight.shape, rounded), bias: bias))
    }

    func prepare(_ parameters: LayerNormParameters) -> LayerNormParameters { reference.prepare(parameters) }
    func prepare(_ parameters: PatchEmbeddingParameters) -> ReferencePatchEmbedding { reference.prepare(parameters) }
    func upload(_ tensor: HostTensor) -> HostTensor { reference.upload(tensor) }
    func upload(_ pictures: PixelBatch) -> HostTensor { reference.upload(pictures) }
    func download(_ tensor: HostTensor) -> HostTensor { reference.download(tensor) }

    func embed(_ pixels: Pixels<HostTensor>, _ embedding: ReferencePatchEmbedding) -> HostTensor {
        reference.embed(pixels, embedding)
    }

    func prepare(_ parameters: QueryKeyParameters) -> QueryKeyParameters { reference.prepare(parameters) }
    func prepare(_ parameters: AttentionBiasParameters) -> AttentionBiasParameters { reference.prepare(parameters) }

    func layerNorm(_ x: HostTensor, _ norm: LayerNormParameters, adding residual: HostTensor?) -> HostTensor {
        reference.layerNorm(x, norm, adding: residual)
    }

    func queryKey(_ queryKeyValue: HostTensor, _ parameters: QueryKeyParameters) -> HostTensor {
        reference.queryKey(queryKeyValue, parameters)
    }

    func gate(_ x: HostTensor, _ activation: Activation) -> HostTensor { reference.gate(x, activation) }

    func linear(
        _ x: HostTensor, _ linear: ReferenceLinear, after norm: LayerNormParameters?, then activation: Activation,
        adding residual: HostTensor?
    ) -> HostTensor {
        reference.linear(x, linear, after: norm, then: activation, adding: residual)
    }

    func attention(
        _ queryKeyValue: HostTensor, heads: Int, scale: Float, bias: AttentionBiasParameters?, queries: Int?
    ) -> HostTensor {
        reference.attention(queryKeyValue, heads: heads, scale: scale, bias: bias, queries: queries)
    }

    func attentionMap(
        _ queryKeyValue: HostTensor, heads: Int, scale: Float, bias: AttentionBiasParameters?, queries: Int?,
        of chosen: Range<Int>, averaged: Bool
    ) -> HostTensor {
        reference.attentionMap(
            queryKeyValue, heads: heads, scale: scale, bias: bias, queries: queries, of: chosen, averaged: averaged)
    }

    func pool(_ tokens: HostTensor, _ pooling: Pooling, over range: Range<Int>) -> HostTensor {
        reference.pool(tokens, pooling, over: range)
    }

    func softmax(_ x: HostTensor) -> HostTensor { reference.softmax(x) }
}
