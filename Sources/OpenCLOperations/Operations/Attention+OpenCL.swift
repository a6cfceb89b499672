package import OpenCLRuntime
package import Operations

/// What is added to the scores of attention, in device memory: by head, key and query, rows padded to multiples of 64.
///
/// Behind the last row come 128 zeros, for a tile of queries may reach past the end of a row.
package struct OpenCLAttentionBias {
    let values: Buffer
    let heads: Int
    let tokenCount: Int
}

extension OpenCLBackend {
    package func prepare(_ parameters: AttentionBiasParameters) throws(OpenCLError) -> OpenCLAttentionBias {
        let (heads, tokens) = (parameters.heads, parameters.tokenCount)
        let stride = (tokens + 63) / 64 * 64
        var values = [Float](repeating: 0, count: heads * tokens * stride + 128)
        for head in 0..<heads {
            for query in 0..<tokens {
                for key in 0..<tokens {
                    values[(head * tokens + key) * stride + query] =
                        parameters.values.values[(head * tokens + query) * tokens + key]
                }
            }
        }
        return OpenCLAttentionBias(values: try store(values), heads: heads, tokenCount: tokens)
    }

    package func attention(
        _ queryKeyValue: DeviceTensor, heads: Int, scale: Float, bias: OpenCLAttentionBias?, queries: Int?
    ) throws(OpenCLError) -> DeviceTensor {
        let shape = queryKeyValue.shape
        precondition(
            shape.rank == 3 && shape[2] % (3 * heads) == 0, "attention expects [B, T, 3·\(heads)·C], found \(shape)")
        let (batch, tokens, width) = (shape[0], shape[1], shape[2] / 3)
        let answered = queries ?? tokens
        precondition(1...max(tokens, 1) ~= answered, "\(answered) queries of \(tokens) tokens")
        precondition(
            bias.map { $0.heads == heads && $0.tokenCount == tokens } ?? true, "bias does not fit \(heads) heads")
        // A maximum of scores is one of their multiples by a scale that is not negative, as every model's is.
        if scale >= 0, let (product, instruction) = attentionProduct {
            if instruction == .wgmma, bias == nil, queryKeyValue.element == .operand,
                let tile = AttentionWarpGroupTile(headWidth: width / heads, tokens: tokens)
            {
                return try attentionWarpGroups(
                    queryKeyValue, heads: heads, scale: scale, queries: answered, tile, product)
            }
            if let tile = AttentionMatrixTile(product, instruction.ofWaves, headWidth: width / heads) {
                return try attentionMatrix(
                    queryKeyValue, heads: heads, scale: scale, bias: bias, queries: answered, tile, product,
                    instruction.ofWaves)
            }
        }
        let queryKeyValue = try widened(queryKeyValue)
        let y = try DeviceTensor([batch, answered, width], from: pool)
        let arguments: [Argument] = [
            .buffer(queryKeyValue.buffer), bias.map { .buffer($0.values) } ?? .unused, .buffer(y.buffer), .int(tokens),
            .int(answered), .float(scale),
        ]
        let problem = ["HEADS": heads, "HEAD_WIDTH": width / heads, "BIAS": bias == nil ? 0 : 1]
        let flop = 4 * batch * answered * tokens * width
        // A tuning that does not fit the device's local memory leaves the portable kernel, which needs none.
        let device = profile.device
        let simd = profile.attentionSIMD.fitting(
            headWidth: width / heads, tokens: tokens, localMemory: device.localMemory)
        let tiled = profile.attentionTiled.fitting(headWidth: width / heads, localMemory: device.localMemory)
        switch (variant(of: .attention), simd, tiled) {
        case (.simd, let tuning?, _):
            let tiles = (answered + tuning.queries - 1) / tuning.queries
            let tilesPerItem = tuning.tilesPerItem(
                answered: answered, tokens: tokens, heads: batch * heads, units: device.computeUnits)
            try launch(
                .attention, tuning.defines.merging(problem) { _, problem in problem },
                arguments + [.int(tilesPerItem)], flop: flop,
                global: [(tiles + tilesPerItem - 1) / tilesPerItem, heads, batch], local: [1, 1, 1])
        case (.tiled, _, let tuning?):
            let groups = (answered + tuning.queries - 1) / tuning.queries
            try launch(
                .attention, tuning.defines.merging(problem) { _, problem in problem }, arguments, flop: flop,
                global: [groups * tuning.groupColumns, heads * tuning.groupRows, batch],
                local: [tuning.groupColumns, tuning.groupRows, 1])
        case (.plain, _, _):
            try launch(.attention, problem, arguments, flop: flop, global: [answered, heads, batch], local: nil)
        case (.portable, _, _), (.simd, nil, _), (.tiled, _, nil):
            let tuning = profile.attention.fitting(headWidth: width / heads)
            let items = (answered + tuning.group - 1) / tuning.group * tuning.group
            try launch(
                .attention, as: .portable, tuning.defines.merging(problem) { _, problem in problem }, arguments,
                flop: flop, global: [items, heads, batch], local: [tuning.group, 1, 1])
        }
        return y
    }
}
