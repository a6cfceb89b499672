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
        inputEmbedding = try Embedding(reader, on: b)
        let shared = try SharedParameters(reader, on: b)
        blocks = try (0..<plan.configuration.depth).map { try Block(reader, $0, shared, on: b) }
        norm =
            try plan.configuration.normPlacement == .nowhere
            ? nil : b.prepare(reader.norm(reader.root[plan.names.norm]))
        let parts = plan.configuration.readoutParts?.count ?? 0
        concatenation = try (0..<parts).map {
            try b.prepare(.embedding(plan.configuration.width, at: $0, of: parts))
        }
        projection = try reader.projection().map { try b.prepare($0) }
        attentionPool = try plan.names.pool.map { try AttentionPool(reader, $0, on: b) }
        heads = try reader.heads().map { try b.prepare($0) }
        try weights.finish()
    }

    /// What all blocks use: prepared once.
    struct SharedParameters {
        let queryKey: B.QueryKey?
        let frequencies: HostTensor?
        let biasTable: HostTensor?
        let bias: B.AttentionBias?
    }
}

extension VisionTransformer.Embedding {
    init(_ reader: ParameterReader, on b: B) throws {
        let parameters = try reader.embedding()
        if let name = reader.names.patchNorm {
            precondition(parameters.prefixCount == 0, "a norm of the patches would also be one of the prefix")
            let norm = try b.prepare(reader.norm(reader.root[name]))
            patchNorm = (norm, try parameters.positions.map { try b.upload($0) })
            patches = try b.prepare(
                PatchEmbeddingParameters(
                    patchSide: parameters.patchSide, weight: parameters.weight, bias: parameters.bias,
                    prefix: parameters.prefix))
        } else {
            (patches, patchNorm) = (try b.prepare(parameters), nil)
        }
        preNorm = try reader.names.preNorm.map { try b.prepare(reader.norm(reader.root[$0])) }
    }
}

extension VisionTransformer.SharedParameters {
    init(_ reader: ParameterReader, on b: B) throws {
        let names = reader.names.block.attention[0]
        biasTable = try reader.names.sharedBiasTable.map { try reader.biasTable(reader.root, $0) }
        bias =
            if let biasTable, names.biasTable == nil { try b.prepare(reader.attentionBias([biasTable])) } else { nil }
        frequencies = try reader.rotaryFrequencies()
        queryKey =
            if names.headNorms == nil, frequencies == nil, !reader.hasSharedKeys,
                let parameters = try reader.queryKey(nil, reader.root, keyHeads: reader.configuration.heads)
            { try b.prepare(parameters) } else { nil }
    }
}

extension VisionTransformer.Block {
    init(
        _ reader: ParameterReader, _ index: Int, _ shared: VisionTransformer.SharedParameters, on b: B
    ) throws {
        let (names, block) = (reader.names.block, reader.blocks[index])
        attentions = try names.attention.map {
            try VisionTransformer.Attention(reader, $0, block, index, shared, on: b)
        }
        mlps = try names.mlp.map { try VisionTransformer.MLP(reader, $0, block, on: b) }
        isParallel = names.isParallel
    }
}

extension VisionTransformer.Attention {
    init(
        _ reader: ParameterReader, _ names: AttentionNames, _ block: Weights, _ index: Int,
        _ shared: VisionTransformer.SharedParameters, on b: B
    ) throws {
        let (configuration, scaling) = (reader.configuration, try reader.layerScale(block, names.layerScale))
        let ownNorm = try reader.norm(block[names.norm], layerScale: names.isPostNorm ? scaling : nil)
        norm = names.isPostNorm ? nil : try b.prepare(ownNorm)
        postNorm = names.isPostNorm ? try b.prepare(ownNorm) : nil
        let (layer, keyHeads) = try reader.queryKeyValue(names, block)
        queryKeyValue = try b.prepare(layer)
        if let path = names.differential {
            heads = 4 * configuration.heads
            scale = 1 / Float(configuration.headWidth / 2).squareRoot()
            let parts = try reader.difference(block[path], index)
            difference = (try b.prepare(parts.linear), try b.prepare(parts.norm))
        } else {
            (heads, scale, difference) = (configuration.heads, configuration.attentionScale, nil)
        }
        let frequencies = shared.frequencies.map { reader.frequencies(ofBlock: index, $0) }
        queryKey =
            if let prepared = shared.queryKey { prepared } else {
                try reader.queryKey(names, block, keyHeads: keyHeads, frequencies: frequencies)
                    .map { try b.prepare($0) }
            }
        bias =
            if let name = names.biasTable {
                try b.prepare(
                    reader.attentionBias([try reader.biasTable(block, name)] + (shared.biasTable.map { [$0] } ?? [])))
            } else { shared.bias }
        innerNorm = try names.innerNorm.map { try b.prepare(reader.norm(block[$0])) }
        projection = try b.prepare(
            reader.linear(
                names.projection, block, inputs: configuration.width, outputs: configuration.width,
                layerScale: names.isPostNorm ? nil : scaling))
    }
}

extension VisionTransformer.MLP {
    init(_ reader: ParameterReader, _ names: MLPNames, _ block: Weights, on b: B) throws {
        let configuration = reader.configuration
        let (width, hidden) = (configuration.width, configuration.hiddenWidth)
        let scaling = try reader.layerScale(block, names.layerScale)
        let ownNorm = try reader.norm(block[names.norm], layerScale: names.isPostNorm ? scaling : nil)
        norm = names.isPostNorm ? nil : try b.prepare(ownNorm)
        postNorm = names.isPostNorm ? try b.prepare(ownNorm) : nil
        (activation, isGated) = (configuration.activation, configuration.isGated)
        expand = try b.prepare(reader.expansion(names.expand, block))
        innerNorm = try names.innerNorm.map { try b.prepare(reader.norm(block[$0], width: hidden)) }
        contract = try b.prepare(
            reader.linear(
                names.contract, block, inputs: hidden, outputs: width, layerScale: names.isPostNorm ? nil : scaling))
    }
}

extension VisionTransformer.AttentionPool {
    init(_ reader: ParameterReader, _ names: AttentionPoolNames, on b: B) throws {
        let (root, configuration) = (reader.root, reader.configuration)
        guard case .attentionPooled(let heads, let skipped) = configuration.readout else {
            preconditionFailure("a pooling by attention that nothing reads")
        }
        let width = configuration.width
        self.heads = heads
        scale = 1 / Float(width / heads).squareRoot()
        queryKeyValue = try b.prepare(reader.poolingQueryKeyValue(names))
        bias = try skipped == 0 ? nil : b.prepare(reader.hidingPrefix(skipped, heads: heads))
        projection = try b.prepare(reader.linear(names.projection, root, inputs: width, outputs: width))
        mlp = try names.mlp.map { names in
            let hidden = root.shape(of: names.expand.weight)?.dimensions.first ?? configuration.hiddenWidth
            return VisionTransformer.MLP(
                norm: try b.prepare(reader.norm(root[names.norm])),
                expand: try b.prepare(reader.linear(names.expand, root, inputs: width, outputs: hidden)),
                activation: configuration.poolActivation ?? configuration.activation, isGated: false, innerNorm: nil,
                contract: try b.prepare(reader.linear(names.contract, root, inputs: hidden, outputs: width)),
                postNorm: nil)
        }
    }
}

extension VisionTransformer.MLP {
    init(
        norm: B.LayerNorm, expand: B.Linear, activation: Activation, isGated: Bool, innerNorm: B.LayerNorm?,
        contract: B.Linear, postNorm: B.LayerNorm?
    ) {
        (self.norm, self.expand, self.activation, self.isGated) = (norm, expand, activation, isGated)
        (self.innerNorm, self.contract, self.postNorm) = (innerNorm, contract, postNorm)
    }
}
