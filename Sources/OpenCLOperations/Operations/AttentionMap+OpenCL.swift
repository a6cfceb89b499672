package import OpenCLRuntime
import Operations

extension OpenCLBackend {
    package func attentionMap(
        _ queryKeyValue: DeviceTensor, heads: Int, scale: Float, bias: OpenCLAttentionBias?, queries: Int?,
        of chosen: Range<Int>, averaged: Bool
    ) throws(OpenCLError) -> DeviceTensor {
        let queryKeyValue = try widened(queryKeyValue)
        let sizes = AttentionMapSizes(queryKeyValue.shape, heads: heads, queries: queries, of: chosen, averaged)
        let (batch, tokens, answered) = (sizes.batch, sizes.tokens, sizes.queries)
        precondition(
            bias.map { $0.heads == heads && $0.tokenCount == tokens } ?? true, "bias does not fit \(heads) heads")
        let y = try DeviceTensor(sizes.result, from: pool)
        let arguments: [Argument] = [
            .buffer(queryKeyValue.buffer), bias.map { .buffer($0.values) } ?? .unused, .buffer(y.buffer), .int(tokens),
            .int(answered), .int(chosen.lowerBound), .int(sizes.headsPerMap), .float(scale),
        ]
        let problem = ["HEADS": heads, "HEAD_WIDTH": sizes.headWidth, "BIAS": bias == nil ? 0 : 1]
        let flop = 2 * batch * chosen.count * answered * tokens * sizes.headWidth
        // Queries and keys of the heads asked for, not the values that lie beside them.
        let read = batch * chosen.count * (answered + tokens) * sizes.headWidth
        let bytes = 4 * (read + sizes.result.count + (bias == nil ? 0 : heads * tokens * tokens))
        switch variant(of: .attentionMap) {
        case .portable, .simd, .tiled:
            var tuning = profile.rows
            while sizes.headWidth % tuning.vector != 0 { tuning.vector /= 2 }
            try launch(
                .attentionMap, tuning.defines.merging(problem) { _, problem in problem }, arguments, flop: flop,
                bytes: bytes, global: [answered * tuning.group, sizes.mapCount, batch], local: [tuning.group, 1, 1])
        case .plain:
            try launch(
                .attentionMap, problem, arguments, flop: flop, bytes: bytes, global: [answered, sizes.mapCount, batch],
                local: nil)
        }
        return y
    }
}
