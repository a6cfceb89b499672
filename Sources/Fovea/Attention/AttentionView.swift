package import Imaging
import Operations
package import VisionModels

/// What is looked at: whose attention, in which layers and heads.
package struct AttentionView: Sendable {
    /// Whose attention to the patches.
    package enum Query: Sendable, Hashable {
        /// What the classifier reads: the class token, the mean of the tokens that are pooled, or the learned query.
        case readout
        /// A patch, by row and column from 0.
        case patch(row: Int, column: Int)
    }

    /// Layers; nil for the last that has a say: the pooling's own attention, else the last block.
    package var layers: AttentionChoice.Layers?
    /// Heads.
    package var heads = AttentionChoice.Heads.mean
    /// Whose attention.
    package var query = Query.readout
    /// Whether the attention of all layers is followed through (Abnar and Zuidema, arXiv:2005.00928).
    package var isRollout = false
    /// How many bytes of maps a rollout asks for at once; where those of all blocks have more, the model runs again for
    /// the blocks before.
    package var mapByteLimit = 256 << 20

    /// The readout's attention in the last layer, averaged over heads.
    package init() {}
}

extension InferenceSession {
    /// Maps of attention to the patches of one picture, a row of heads for each layer.
    ///
    /// A rollout is one map. Throws `FoveaError`: `usage` where the model has no such map.
    package func attentionMaps(_ input: ModelInput, _ view: AttentionView) throws(FoveaError) -> [[HeatMap]] {
        precondition(input.count == 1, "maps of \(input.count) pictures at a time")
        let rows = try configuration.rows(of: view.query)
        guard !view.isRollout else {
            let start = try view.query == .readout ? poolRow(input) : nil
            var rollout = AttentionRollout(start ?? configuration.meanRow(of: rows))
            let mapBytes = configuration.tokenCount * configuration.tokenCount * MemoryLayout<Float>.stride
            let step = max(1, view.mapByteLimit / mapBytes)
            for last in stride(from: configuration.depth, to: 0, by: -step) {
                let blocks = Array(max(1, last - step + 1)...last)
                rollout.follow(try finite(run(input, .attention(AttentionChoice(.blocks(blocks), heads: .mean)))))
            }
            return [[configuration.patches(rollout.row)]]
        }
        let layers = view.layers ?? configuration.lastLayer(for: view.query)
        // The rows of the class token need no others.
        let queries = layers == .pool ? 1 : (rows.max() ?? 0) + 1
        let output = OutputKind.attention(AttentionChoice(layers, heads: view.heads, queries: queries))
        let weights = try finite(run(input, output))
        let (layerCount, tokens) = (output.stackedLayerCount ?? 1, weights.shape.width)
        let maps = weights.shape.rows / (queries * layerCount)
        return (0..<layerCount).map { layer in
            (0..<maps).map { map in
                let first = (layer * maps + map) * queries
                let read = layers == .pool ? [0] : rows
                return configuration.patches(weights.meanOfRows(read.map { first + $0 }, tokens))
            }
        }
    }

    /// NaN must never look like an answer.
    private func finite(_ weights: HostTensor) throws(FoveaError) -> HostTensor {
        guard let bad = weights.values.first(where: { !$0.isFinite }) else { return weights }
        throw FoveaError(
            .deviceFailed, code: "MODEL_NONFINITE_OUTPUT",
            "the model gave \(bad) as a weight of attention, which is no answer; check the device with fovea verify")
    }

    /// What the pooling's own attention gives each token; nil for other readouts.
    private func poolRow(_ input: ModelInput) throws(FoveaError) -> [Double]? {
        guard mapCounts.pool != nil else { return nil }
        return try finite(run(input, .attention(AttentionChoice(.pool, heads: .mean)))).values.map(Double.init)
    }
}

extension HostTensor {
    /// The mean of some rows of `tokens` values.
    fileprivate func meanOfRows(_ rows: [Int], _ tokens: Int) -> [Double] {
        (0..<tokens).map { token in
            rows.reduce(0) { $0 + Double(values[$1 * tokens + token]) } / Double(rows.count)
        }
    }
}

extension VisionTransformerConfiguration {
    /// The tokens whose rows a query means.
    fileprivate func rows(of query: AttentionView.Query) throws(FoveaError) -> [Int] {
        switch query {
        case .patch(let row, let column):
            guard 0..<grid.rows ~= row, 0..<grid.columns ~= column else {
                throw FoveaError(
                    .usage, code: "NO_PATCH",
                    "there is no patch \(row),\(column): \(architecture) has \(grid.rows) rows and \(grid.columns) columns of "
                        + "patches, counted from 0")
            }
            let token = prefixCount + row * grid.columns + column
            return [token]
        case .readout:
            switch readout {
            case .classToken, .classTokenAndMean: return [0]
            case .distilled: return [0, 1]
            case .tokens(let tokens): return tokens
            case .meanOfFirst(let count): return Array(0..<count)
            case .pooled(_, let skipped), .attentionPooled(_, let skipped): return Array(skipped..<tokenCount)
            }
        }
    }

    fileprivate func lastLayer(for query: AttentionView.Query) -> AttentionChoice.Layers {
        if case .attentionPooled = readout, query == .readout { .pool } else { .blocks([depth]) }
    }

    /// Equal shares of some tokens.
    fileprivate func meanRow(of rows: [Int]) -> [Double] {
        (0..<tokenCount).map { rows.contains($0) ? 1 / Double(rows.count) : 0 }
    }

    /// What goes to the patches, as they lie in the picture.
    fileprivate func patches(_ row: [Double]) -> HeatMap {
        HeatMap(rows: grid.rows, columns: grid.columns, values: row[prefixCount...].map(Float.init))
    }
}
