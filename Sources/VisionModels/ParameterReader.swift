import Checkpoints
import Operations

/// Parameters in the engine's own form, from a checkpoint's names.
struct ParameterReader {
    let weights: Weights
    let names: TensorNames
    let configuration: VisionTransformerConfiguration

    var root: Weights { weights[names.root] }
    var blocks: Weights { names.hasBlocksAtTop ? weights[names.blocks] : root[names.blocks] }

    /// Projection, tokens in front and positions, the latter resampled where the picture has another size.
    func embedding() throws(CheckpointError) -> PatchEmbeddingParameters {
        let (width, side) = (configuration.width, configuration.patchSide)
        let projection = root[names.patchProjection]
        var kernel =
            switch names.patchLayout {
            case .convolution: try projection("weight", shape: [width, 3, side, side])
            case .matrix: try projection("weight", shape: [width, 3 * side * side])
            case .channelsLast:
                try projection("weight", shape: [width, side * side * 3]).channelsFirst(patchValues: side * side)
            }
        var bias = try projection.optional("bias", shape: [width])?.values
        if let names = names.inputNormalization {
            (kernel, bias) = try normalizing(kernel.reshaped([width, 3 * side * side]), bias, names)
        }
        var tokens: [Float] = []
        for (name, count) in names.prefix {
            let stored = root.shape(of: name)
            let shape = stored?.count == count * width ? stored : nil
            tokens += try root(name, shape: shape ?? [1, count, width]).values
        }
        let prefix = configuration.prefixCount
        precondition(
            tokens.count == prefix * width, "the plan counts \(prefix) prefix tokens, the file \(tokens.count)")
        var positions: HostTensor?
        if configuration.hasSinePositions {
            positions = SinePositions.table(
                rows: configuration.grid.rows, columns: configuration.grid.columns, width: width)
        } else if let name = names.positions {
            let table = try positionTable(name)
            for i in table.prefix.indices { tokens[i] += table.prefix[i] }
            positions = table.patches
        }
        return PatchEmbeddingParameters(
            patchSide: side, weight: kernel.reshaped([width, 3 * side * side]),
            bias: bias, prefix: HostTensor([prefix, width], tokens), positions: positions)
    }

    /// A projection of patches `[D, 3·P·P]` that does what the model does to pictures first: (x − mean) / deviation.
    private func normalizing(
        _ kernel: HostTensor, _ bias: [Float]?, _ names: (mean: String, deviation: String)
    ) throws(CheckpointError) -> (HostTensor, [Float]?) {
        let (mean, deviation) = (try root(names.mean, shape: [3, 1, 1]), try root(names.deviation, shape: [3, 1, 1]))
        // One that is missing reads as zeros, and is told with all others that are.
        guard !root.contains(names.deviation) || deviation.values.allSatisfy({ $0 > 0 }) else {
            throw CheckpointError(
                .modelShape, file: weights.checkpoint.file, tensor: names.deviation, "cannot be divided by",
                found: "\(deviation.values)", expected: "three numbers above 0")
        }
        let (rows, count) = (kernel.shape[0], kernel.shape[1])
        var (values, shifts) = (kernel.values, bias?.map(Double.init) ?? [Double](repeating: 0, count: rows))
        for row in 0..<rows {
            for i in 0..<count {
                let channel = i / (count / 3)
                let value = Double(values[row * count + i]) / Double(deviation.values[channel])
                values[row * count + i] = Float(value)
                shifts[row] -= value * Double(mean.values[channel])
            }
        }
        return (HostTensor([rows, count], values), shifts.map(Float.init))
    }

    /// Positions of the tokens in front, as far as they have any, and of the patches.
    private func positionTable(_ name: String) throws(CheckpointError) -> (prefix: [Float], patches: HostTensor) {
        let width = configuration.width
        guard let stored = root.shape(of: name), stored.width == width,
            let grid = configuration.storedGrid(stored, prefix: names.positionPrefixCount),
            stored.rows == grid.prefix + grid.rows * grid.columns
        else {
            _ = try root(name, shape: [1, configuration.tokenCount, width])
            return ([], HostTensor([configuration.patchCount, width]))
        }
        let prefix = grid.prefix * width
        let values = try root(name, shape: stored).values
        let table = HostTensor([grid.rows * grid.columns, width], Array(values.dropFirst(prefix)))
        return (
            Array(values.prefix(prefix)),
            configuration.positionResampling.resample(
                table, from: (grid.rows, grid.columns), to: configuration.grid)
        )
    }

    /// A norm over rows of `width`, D unless it says otherwise; γ of a layer scale that follows is folded in.
    func norm(
        _ weights: Weights, width: Int? = nil, layerScale: [Float]? = nil
    ) throws(CheckpointError) -> LayerNormParameters {
        let width = width ?? configuration.width
        var scale = try weights("weight", shape: [width]).values
        var shift = [Float](repeating: 0, count: width)
        if !configuration.isRootMeanSquare { shift = try weights("bias", shape: [width]).values }
        if let layerScale {
            for i in 0..<width { (scale[i], shift[i]) = (scale[i] * layerScale[i], shift[i] * layerScale[i]) }
        }
        return LayerNormParameters(
            scale: scale, shift: shift, epsilon: configuration.epsilon,
            isRootMeanSquare: configuration.isRootMeanSquare)
    }

    /// γ, of length D; nil where the format has none.
    func layerScale(_ weights: Weights, _ name: String?) throws(CheckpointError) -> [Float]? {
        guard let name else { return nil }
        let shape = weights.shape(of: name)
        return try weights(name, shape: shape?.count == configuration.width ? shape ?? [] : [configuration.width])
            .values
    }

    /// A linear layer, or the part of one that the names say.
    func linear(
        _ names: LinearNames, _ weights: Weights, inputs: Int, outputs: Int, layerScale: [Float]? = nil,
        staysFloat32: Bool = false
    ) throws(CheckpointError) -> LinearParameters {
        let (rows, columns) = (names.rows?.total ?? outputs, names.columns?.total ?? inputs)
        let stored = try weights(names.weight, shape: names.isTransposed ? [columns, rows] : [rows, columns])
        let whole = names.isTransposed ? stored.transposed() : stored
        let part = whole.part(rows: names.rows?.range, columns: names.columns?.range)
        var bias: [Float]?
        if let name = names.bias, let values = try weights.optional(name, shape: [rows])?.values {
            bias = names.rows.map { Array(values[$0.range]) } ?? values
        }
        if let name = names.biasMask, let mask = try weights.optional(name, shape: [rows])?.values {
            bias = bias.map { zip($0, names.rows.map { Array(mask[$0.range]) } ?? mask).map { $1 == 0 ? 0 : $0 * $1 } }
        }
        if let name = names.ownBias, let values = try weights.optional(name, shape: [outputs])?.values {
            bias = bias.map { zip($0, values).map(+) } ?? values
        }
        return LinearParameters(weight: part, bias: bias, layerScale: layerScale, staysFloat32: staysFloat32)
    }

    /// The first layer of an MLP, `[M, D]`; with a gate `[2·M, D]`, the gate first.
    func expansion(_ names: MLPNames.Expansion, _ block: Weights) throws(CheckpointError) -> LinearParameters {
        let (width, hidden) = (configuration.width, configuration.hiddenWidth)
        switch names {
        case .plain(let names): return try linear(names, block, inputs: width, outputs: hidden)
        case .packedGate(let names): return try linear(names, block, inputs: width, outputs: 2 * hidden)
        case .splitGate(let gate, let value):
            return try LinearParameters(stacking: [
                linear(gate, block, inputs: width, outputs: hidden),
                linear(value, block, inputs: width, outputs: hidden),
            ])
        }
    }

    /// What follows the readout; nil for nothing.
    func projection() throws(CheckpointError) -> LinearParameters? {
        guard let names = names.projection, let outputs = configuration.projectionWidth else { return nil }
        return try linear(names, weights, inputs: configuration.width, outputs: outputs, staysFloat32: true)
    }

    /// The heads; those of a distilled model are worth half each, which is exact.
    func heads() throws(CheckpointError) -> [LinearParameters] {
        guard let classes = configuration.classes else { return [] }
        let half = configuration.readout == .distilled ? [Float](repeating: 0.5, count: classes) : nil
        var inputs = configuration.width
        inputs *= configuration.readoutParts?.count ?? 1
        return try names.heads.map { (names) throws(CheckpointError) in
            try linear(
                names, weights, inputs: inputs, outputs: classes, layerScale: half, staysFloat32: true)
        }
    }
}

extension VisionTransformerConfiguration {
    /// The grid that a position table was made for, and how many tokens in front it covers; nil where it fits no grid.
    ///
    /// A table of another number of patches than the model's is taken for a square.
    ///
    /// - Parameter known: Tokens in front that it covers, where the format says so.
    func storedGrid(
        _ shape: Shape?, prefix known: Int? = nil
    ) -> (prefix: Int, rows: Int, columns: Int)? {
        guard let shape, shape.rank > 1, shape.count > 0, known ?? 0 <= prefixCount else { return nil }
        let count = shape[shape.rank - 2]
        let isOwn = positionResampling != .croppedBilinear || grid.rows == grid.columns
        if let known, isOwn, count == known + patchCount { return (known, grid.rows, grid.columns) }
        if known == nil, count == tokenCount, prefixCount > 0 { return (prefixCount, grid.rows, grid.columns) }
        if known == nil, count == patchCount { return (0, grid.rows, grid.columns) }
        guard positionResampling != .none else { return nil }
        for prefix in known.map({ [$0] }) ?? Set([prefixCount, 0, 1]).sorted(by: >)
        where prefix <= prefixCount && count > prefix {
            let side = Int(Double(count - prefix).squareRoot().rounded())
            if side * side == count - prefix { return (prefix, side, side) }
        }
        return nil
    }
}

extension HostTensor {
    /// Rows `[P·P, 3]` as `[3, P·P]`.
    fileprivate func channelsFirst(patchValues count: Int) -> HostTensor {
        var result = [Float](repeating: 0, count: values.count)
        for row in 0..<shape[0] {
            for i in 0..<count {
                for channel in 0..<3 {
                    result[(row * 3 + channel) * count + i] = values[(row * count + i) * 3 + channel]
                }
            }
        }
        return HostTensor(shape, result)
    }

    /// A matrix's rows as columns.
    func transposed() -> HostTensor {
        let (rows, columns) = (shape[0], shape[1])
        var result = [Float](repeating: 0, count: values.count)
        for r in 0..<rows { for c in 0..<columns { result[c * rows + r] = values[r * columns + c] } }
        return HostTensor([columns, rows], result)
    }

    /// Some rows and columns of a matrix; nil for all.
    func part(rows: Range<Int>?, columns: Range<Int>?) -> HostTensor {
        guard rows != nil || columns != nil else { return self }
        let (rows, columns, width) = (rows ?? 0..<shape[0], columns ?? 0..<shape[1], shape[1])
        return HostTensor(
            [rows.count, columns.count],
            rows.flatMap { values[$0 * width + columns.lowerBound..<$0 * width + columns.upperBound] })
    }
}

extension LinearParameters {
    /// Puts a row of `width` at a place among several of that width, zeros elsewhere: exact.
    static func embedding(_ width: Int, at place: Int, of count: Int) -> LinearParameters {
        var weight = [Float](repeating: 0, count: count * width * width)
        for d in 0..<width { weight[(place * width + d) * width + d] = 1 }
        return LinearParameters(weight: HostTensor([count * width, width], weight), staysFloat32: true)
    }

    /// Layers of one input, their outputs one after another.
    init(stacking layers: [LinearParameters]) {
        let hasBias = layers.contains { $0.bias != nil }
        self.init(
            weight: HostTensor(
                [layers.reduce(0) { $0 + $1.outputWidth }, layers[0].inputWidth], layers.flatMap(\.weight.values)),
            bias: hasBias ? layers.flatMap { $0.bias ?? [Float](repeating: 0, count: $0.outputWidth) } : nil)
    }
}
