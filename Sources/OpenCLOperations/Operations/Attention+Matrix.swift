import OpenCLRuntime
import Operations

/// The host side of `attention_matrix.cl`.
extension OpenCLBackend {
    /// Attention whose factors are operands, and so is what it leaves.
    func attentionMatrix(
        _ queryKeyValue: DeviceTensor, heads: Int, scale: Float, bias: OpenCLAttentionBias?, queries: Int,
        _ tile: AttentionMatrixTile, _ product: NarrowProduct, _ instruction: MatrixInstruction
    ) throws(OpenCLError) -> DeviceTensor {
        // Of what lies as linear layers read it, no head's operands are neighbours.
        let queryKeyValue =
            queryKeyValue.element == .swizzled ? try widened(queryKeyValue, from: product) : queryKeyValue
        let (batch, tokens, width) = (queryKeyValue.shape[0], queryKeyValue.shape[1], queryKeyValue.shape[2] / 3)
        let y = try DeviceTensor([batch, queries, width], product.operandElement, from: pool)
        let problem = [
            "HEADS": heads, "HEAD_WIDTH": width / heads, "BIAS": bias == nil ? 0 : 1,
            "NARROW_INPUT": queryKeyValue.element == .operand ? 1 : 0,
            "NARROW_OUTPUT": product.operandElement.narrowOutput,
        ]
        let (items, columns) = (tile.items(instruction), tile.queries(instruction))
        try launch(
            .attention, kernel: "attention_matrix",
            problem.merging(product.matrixDefines(instruction)) { $1 }
                .merging(tile.defines) { $1 },
            [
                .buffer(queryKeyValue.buffer), bias.map { .buffer($0.values) } ?? .unused, .buffer(y.buffer),
                .int(tokens), .int(queries), .float(scale),
            ], flop: 4 * batch * queries * tokens * width,
            global: [(queries + columns - 1) / columns * items, heads, batch], local: [items, 1, 1])
        return y
    }
}
