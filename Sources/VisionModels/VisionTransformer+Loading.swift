package import Checkpoints
import Operations

extension VisionTransformer {
    /// Reads a model layer by layer, each prepared on the backend before the next is read.
    ///
    /// Throws `CheckpointError` with all missing, unexpected and mis-shaped tensors by name, or what the backend throws.
    package init(_ plan: ModelPlan, from checkpoint: any Checkpoint, on b: B, allowingNonFinite: Bool = false) throws {
        let weights = Weights(
            checkpoint, ignoring: plan.names.ignored.map { NamePattern($0) }, allowingNonFinite: allowingNonFinite)
        let reader = ParameterReader(weights: weights, names: plan.names, configuration: plan.configuration)
        configuration = plan.configuration
        embedding = try b.prepare(try reader.embedding())
        blocks = try (0..<plan.configuration.depth).map { try Block(reader, $0, on: b) }
        norm = try reader.finalNorm().map { try b.prepare($0) }
        heads = try reader.heads().map { try b.prepare($0) }
        try weights.finish()
    }
}

extension VisionTransformer.Block {
    init(_ reader: ParameterReader, _ index: Int, on b: B) throws {
        let (names, block) = (reader.names, reader.root[reader.names.blocks][index])
        let configuration = reader.configuration
        let (width, hidden) = (configuration.width, configuration.hiddenWidth)
        norm1 = try b.prepare(reader.norm(block[names.norm1]))
        queryKeyValue = try b.prepare(reader.queryKeyValue(block))
        projection = try b.prepare(
            reader.linear(block[names.projection], width, width, layerScale: reader.vector(block, names.layerScale1)))
        norm2 = try b.prepare(reader.norm(block[names.norm2]))
        expand = try b.prepare(reader.linear(block[names.expand], width, hidden))
        contract = try b.prepare(
            reader.linear(block[names.contract], hidden, width, layerScale: reader.vector(block, names.layerScale2)))
    }
}

/// Parameters in the engine's own form, from a checkpoint's names.
struct ParameterReader {
    let weights: Weights
    let names: TensorNames
    let configuration: VisionTransformerConfiguration

    var root: Weights { weights[names.root] }

    func embedding() throws(CheckpointError) -> PatchEmbeddingParameters {
        let (width, side) = (configuration.width, configuration.patchSide)
        let projection = root[names.patchProjection]
        let kernel = try projection("weight", shape: [width, 3, side, side])
        var tokens: [Float] = []
        for (name, count) in names.prefix { tokens += try root(name, shape: [1, count, width]).values }
        let prefix = configuration.prefixCount
        precondition(
            tokens.count == prefix * width, "the plan counts \(prefix) prefix tokens, the file \(tokens.count)")
        let stored = root.shape(of: names.positions).map { $0.rank > 1 ? $0[$0.rank - 2] : 0 } ?? 0
        let coversPrefix = stored == configuration.tokenCount
        let positions = try root(
            names.positions, shape: [1, coversPrefix ? configuration.tokenCount : configuration.patchCount, width]
        ).values
        if coversPrefix { for i in tokens.indices { tokens[i] += positions[i] } }
        return PatchEmbeddingParameters(
            patchSide: side, weight: kernel.reshaped([width, 3 * side * side]),
            bias: try projection.optional("bias", shape: [width])?.values, prefix: HostTensor([prefix, width], tokens),
            positions: HostTensor(
                [configuration.patchCount, width], Array(positions.dropFirst(coversPrefix ? prefix * width : 0))))
    }

    func norm(_ weights: Weights) throws(CheckpointError) -> LayerNormParameters {
        let width = configuration.width
        return LayerNormParameters(
            scale: try weights("weight", shape: [width]).values, shift: try weights("bias", shape: [width]).values,
            epsilon: configuration.epsilon)
    }

    func linear(
        _ weights: Weights, _ inputs: Int, _ outputs: Int, layerScale: [Float]? = nil, staysFloat32: Bool = false
    ) throws(CheckpointError) -> LinearParameters {
        LinearParameters(
            weight: try weights("weight", shape: [outputs, inputs]),
            bias: try weights.optional("bias", shape: [outputs])?.values, layerScale: layerScale,
            staysFloat32: staysFloat32)
    }

    /// A vector of length D that the file may lack.
    func vector(_ weights: Weights, _ name: String?) throws(CheckpointError) -> [Float]? {
        guard let name else { return nil }
        return try weights.optional(name, shape: [configuration.width])?.values
    }

    func queryKeyValue(_ block: Weights) throws(CheckpointError) -> LinearParameters {
        let width = configuration.width
        switch names.queryKeyValue {
        case .fused(let name): return try linear(block[name], width, 3 * width)
        case .split(let query, let key, let value):
            var (rows, bias): ([Float], [Float]) = ([], [])
            for name in [query, key, value] {
                let part = try linear(block[name], width, width)
                rows += part.weight.values
                bias += part.bias ?? [Float](repeating: 0, count: width)
            }
            return LinearParameters(weight: HostTensor([3 * width, width], rows), bias: bias)
        }
    }

    func finalNorm() throws(CheckpointError) -> LayerNormParameters? {
        guard root[names.norm].contains("weight") else { return nil }
        return try norm(root[names.norm])
    }

    /// The heads; those of a distilled model are worth half each, which is exact.
    func heads() throws(CheckpointError) -> [LinearParameters] {
        guard let classes = configuration.classes else { return [] }
        let half = configuration.readout == .distilled ? [Float](repeating: 0.5, count: classes) : nil
        return try names.heads.map { (name) throws(CheckpointError) in
            try linear(weights[name], configuration.width, classes, layerScale: half, staysFloat32: true)
        }
    }
}
