import Operations

extension OperationCases {
    /// The shapes of ViT-Ti/16 at 224 pixels, one picture: what tells a tuning that only suits wide models.
    public static let tiny: [any OperationCase] = [
        PatchEmbeddingCase(batch: 1, rows: 14, columns: 14, side: 16, width: 192, fromBytes: true),
        LayerNormCase(rows: 197, width: 192),
        LinearCase(rows: 197, inputs: 192, outputs: 576, normalizes: true),
        LinearCase(rows: 197, inputs: 192, outputs: 192, addsResidual: true),
        LinearCase(rows: 197, inputs: 192, outputs: 768, activation: .gelu, normalizes: true),
        LinearCase(rows: 197, inputs: 768, outputs: 192, addsResidual: true),
        AttentionCase(batch: 1, tokens: 197, heads: 3, headWidth: 64),
        PoolingCase(batch: 1, tokens: 197, width: 192, range: 1..<197, pooling: .average),
        SoftmaxCase(rows: 1, width: 1000),
    ]
}
