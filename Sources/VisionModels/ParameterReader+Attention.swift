import Checkpoints
import Operations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension ParameterReader {
    /// Whether some block has fewer heads of key and value than of the query.
    var hasSharedKeys: Bool {
        guard case .split(_, let key, _) = names.block.attention[0].queryKeyValue else { return false }
        return (0..<configuration.depth).contains { index in
            blocks[index].shape(of: key.weight)?.dimensions.first != configuration.width
        }
    }

    /// Query, key and value as one layer, and the number of heads of key and value.
    ///
    /// Of differential attention, four heads of half the width for each: both queries and keys, each with either half of
    /// the value.
    func queryKeyValue(
        _ names: AttentionNames, _ block: Weights
    ) throws(CheckpointError) -> (layer: LinearParameters, keyHeads: Int) {
        let (width, heads) = (configuration.width, configuration.heads)
        switch names.queryKeyValue {
        case .fused(let layer):
            let fused = try linear(layer, block, inputs: width, outputs: 3 * width)
            return names.differential == nil ? (fused, heads) : (fused.differential(heads: heads), 4 * heads)
        case .fusedWithBiases(let name, let query, let value):
            let layer = try linear(LinearNames(weight: name, bias: nil), block, inputs: width, outputs: 3 * width)
            guard let queryBias = try block.optional(query, shape: [width])?.values else { return (layer, heads) }
            let valueBias = try block(value, shape: [width]).values
            let bias = queryBias + [Float](repeating: 0, count: width) + valueBias
            return (LinearParameters(weight: layer.weight, bias: bias), heads)
        case .split(let query, let key, let value):
            var keyWidth = block.shape(of: key.weight)?.dimensions.first ?? width
            let isWhole = keyWidth > 0 && keyWidth % configuration.headWidth == 0
            if !isWhole || heads % (keyWidth / configuration.headWidth) != 0 { keyWidth = width }
            let parts = [
                try linear(query, block, inputs: width, outputs: width),
                try linear(key, block, inputs: width, outputs: keyWidth),
                try linear(value, block, inputs: width, outputs: keyWidth),
            ]
            return (LinearParameters(stacking: parts), keyWidth / configuration.headWidth)
        }
    }

    /// What is done to query and key; nil for nothing.
    func queryKey(
        _ names: AttentionNames?, _ block: Weights, keyHeads: Int, frequencies: HostTensor? = nil
    ) throws(CheckpointError) -> QueryKeyParameters? {
        let isDifferential = names?.differential != nil
        let heads = isDifferential ? 4 * configuration.heads : configuration.heads
        let headWidth = isDifferential ? configuration.headWidth / 2 : configuration.headWidth
        let norms = try names?.headNorms.map { (names) throws(CheckpointError) in
            (query: try norm(block[names.query], width: headWidth), key: try norm(block[names.key], width: headWidth))
        }
        let (rows, columns) = configuration.grid
        var rotary = configuration.rotary?.embedding(
            rows: rows, columns: columns, headWidth: headWidth, learned: frequencies)
        if let name = self.names.classTokenAngles {
            rotary = try rotary?.precededBy(root(name, shape: [1, headWidth / 2]).values)
        }
        guard norms != nil || rotary != nil || keyHeads != heads else { return nil }
        return QueryKeyParameters(
            heads: heads, keyHeads: keyHeads, headWidth: headWidth, norms: norms, rotary: rotary)
    }

    /// Frequencies of all blocks, `[2, depth, H, C/2]`; nil where they are not learned.
    func rotaryFrequencies() throws(CheckpointError) -> HostTensor? {
        guard let name = names.rotaryFrequencies else { return nil }
        return try root(
            name, shape: [2, configuration.depth, configuration.heads, configuration.headWidth / 2])
    }

    /// One block's frequencies, `[2, H, C/2]`.
    func frequencies(ofBlock index: Int, _ all: HostTensor) -> HostTensor {
        let count = all.shape[2] * all.shape[3]
        let values = (0..<2).flatMap { axis in
            let first = (axis * all.shape[1] + index) * count
            return all.values[first..<first + count]
        }
        return HostTensor([2, all.shape[2], all.shape[3]], values)
    }

    /// A table of relative positions, `[entries, H]`.
    func biasTable(_ weights: Weights, _ name: String) throws(CheckpointError) -> HostTensor {
        let ((rows, columns), heads) = (configuration.grid, configuration.heads)
        let bias = RelativePositionBias(rows: rows, columns: columns)
        guard let stored = configuration.storedBias else { return try weights(name, shape: [bias.entryCount, heads]) }
        let grid = (stored.distances.height, stored.distances.width)
        let distances = grid.0 * grid.1
        let table = try weights(name, shape: [distances + 3, heads])
        let resampled = stored.resampling.resample(
            HostTensor([distances, heads], Array(table.values.prefix(distances * heads))),
            from: grid, to: (2 * rows - 1, 2 * columns - 1))
        return HostTensor([bias.entryCount, heads], resampled.values + table.values.suffix(3 * heads))
    }

    /// The bias that tables of relative positions add up to.
    func attentionBias(_ tables: [HostTensor]) -> AttentionBiasParameters {
        let (rows, columns) = configuration.grid
        return RelativePositionBias(rows: rows, columns: columns).bias(tables, heads: configuration.heads)
    }

    /// `A₁ − λ·A₂` as a layer `[D, 2·D]`, and the RMS norm over the heads of the difference, its γ times 1 − λ₀.
    ///
    /// λ = exp(λq₁·λk₁) − exp(λq₂·λk₂) + λ₀ with λ₀ = 0.8 − 0.6·exp(−0.3·block) (Ye et al., arXiv:2410.05258).
    func difference(
        _ weights: Weights, _ index: Int
    ) throws(CheckpointError) -> (linear: LinearParameters, norm: LayerNormParameters) {
        let (width, headWidth) = (configuration.width, configuration.headWidth)
        let initial = 0.8 - 0.6 * exp(-0.3 * Double(index))
        func exponential(_ number: Int) throws(CheckpointError) -> Double {
            let q = try weights("lambda_q\(number)", shape: [headWidth / 2]).values
            let k = try weights("lambda_k\(number)", shape: [headWidth / 2]).values
            return exp(zip(q, k).reduce(0) { $0 + Double($1.0) * Double($1.1) })
        }
        let lambda = try exponential(1) - exponential(2) + initial
        var matrix = [Float](repeating: 0, count: width * 2 * width)
        for d in 0..<width { (matrix[d * 2 * width + d], matrix[d * 2 * width + width + d]) = (1, Float(-lambda)) }
        let scale = try weights("sub_norm.weight", shape: [headWidth]).values.map { $0 * Float(1 - initial) }
        return (
            LinearParameters(weight: HostTensor([width, 2 * width], matrix), staysFloat32: true),
            LayerNormParameters(
                scale: scale, shift: [Float](repeating: 0, count: headWidth), epsilon: 1e-5, isRootMeanSquare: true)
        )
    }

    /// Key and value of a pooling by attention, and the learned query, projected, in the place of the tokens' queries.
    func poolingQueryKeyValue(_ names: AttentionPoolNames) throws(CheckpointError) -> LinearParameters {
        let width = configuration.width
        let stored = root.shape(of: names.latent)
        let latent = try root(names.latent, shape: stored?.count == width ? stored ?? [] : [1, 1, width]).values
        let query = try names.query.map { (names) throws(CheckpointError) in
            try linear(names, root, inputs: width, outputs: width)
        }
        let projected = (0..<width).map { o in
            guard let query else { return latent[o] }
            let product = (0..<width).reduce(0.0) {
                $0 + Double(latent[$1]) * Double(query.weight.values[o * width + $1])
            }
            return Float(product + Double(query.bias?[o] ?? 0))
        }
        return LinearParameters(stacking: [
            LinearParameters(weight: HostTensor([width, width]), bias: projected),
            try linear(names.key, root, inputs: width, outputs: width),
            try linear(names.value, root, inputs: width, outputs: width),
        ])
    }

    /// A bias that leaves out the first tokens, as long as scores stay below 10²⁹.
    ///
    /// Their weight is 0, or the smallest that a kernel's exponential gives: some 10⁻³⁸ beside a weight of 1, which no sum in
    /// float32 shows.
    func hidingPrefix(_ count: Int, heads: Int) -> AttentionBiasParameters {
        let tokens = configuration.tokenCount
        let row = (0..<tokens).map { $0 < count ? -1e30 as Float : 0 }
        return AttentionBiasParameters(
            HostTensor([heads, tokens, tokens], (0..<heads * tokens).flatMap { _ in row }))
    }
}

extension LinearParameters {
    /// Rows of differential attention's query, key and value as 4·H heads of half the width: head h of the first map
    /// with either half of its value, for all h, then the same of the second map.
    fileprivate func differential(heads: Int) -> LinearParameters {
        let width = outputWidth / 3
        let half = width / heads / 2
        var order: [Int] = []
        for part in 0..<3 {
            for map in 0..<2 {
                for head in 0..<heads {
                    for side in 0..<2 {
                        let first = part * width + head * 2 * half + (part == 2 ? side : map) * half
                        order += first..<first + half
                    }
                }
            }
        }
        return LinearParameters(
            weight: HostTensor(
                [order.count, inputWidth],
                order.flatMap { weight.values[$0 * inputWidth..<($0 + 1) * inputWidth] }),
            bias: bias.map { bias in order.map { bias[$0] } })
    }
}
