public import Operations

/// A case of `embed`: pictures of a grid of patches, from normalized floats or from bytes.
public struct PatchEmbeddingCase: OperationCase {
    let batch: Int
    let rows: Int
    let columns: Int
    let side: Int
    let width: Int
    var prefix = 1
    var hasPositions = true
    var fromBytes = false

    /// A patch embedding.
    public var operation: Operation { .patchEmbedding }

    /// Square and other grids, patch sides of the families, none to five prefix tokens, both kinds of pixels.
    ///
    /// One token and one column are two cases: a lone number may be near zero by chance, and where factors are rounded no
    /// error is small beside that.
    public static let all: [any OperationCase] = [
        PatchEmbeddingCase(batch: 1, rows: 1, columns: 1, side: 4, width: 20, prefix: 0, hasPositions: false),
        PatchEmbeddingCase(batch: 7, rows: 1, columns: 1, side: 4, width: 1, prefix: 0, hasPositions: false),
        PatchEmbeddingCase(batch: 2, rows: 3, columns: 5, side: 4, width: 48),
        PatchEmbeddingCase(batch: 2, rows: 5, columns: 3, side: 4, width: 33, prefix: 5, fromBytes: true),
        PatchEmbeddingCase(batch: 1, rows: 4, columns: 4, side: 16, width: 65, prefix: 2),
        PatchEmbeddingCase(batch: 3, rows: 2, columns: 2, side: 14, width: 17, prefix: 0, fromBytes: true),
        PatchEmbeddingCase(batch: 1, rows: 3, columns: 3, side: 8, width: 96, fromBytes: true),
        PatchEmbeddingCase(batch: 1, rows: 2, columns: 3, side: 32, width: 20, prefix: 0, hasPositions: false),
        PatchEmbeddingCase(batch: 2, rows: 1, columns: 7, side: 5, width: 16, hasPositions: false, fromBytes: true),
    ]

    /// Two tiny shapes.
    public static let small: [any OperationCase] = [
        PatchEmbeddingCase(batch: 1, rows: 2, columns: 2, side: 2, width: 19),
        PatchEmbeddingCase(batch: 2, rows: 1, columns: 2, side: 3, width: 5, prefix: 2, fromBytes: true),
    ]

    /// The embedding of ViT-B/16 from bytes.
    public static let base: [any OperationCase] = [
        PatchEmbeddingCase(batch: 1, rows: 14, columns: 14, side: 16, width: 768, fromBytes: true)
    ]

    private var patchValues: Int { 3 * side * side }
    private var patches: Int { rows * columns }

    /// Two operations a product; pixels count as floats.
    public var work: Work {
        Work(
            flop: 2 * batch * patches * patchValues * width,
            floats: patchValues * width + batch * patches * patchValues + batch * (prefix + patches) * width)
    }

    /// Grows with the root of the number of values in a patch.
    public var tolerance: Double { randomWalkTolerance(terms: patchValues) }

    /// That of the product with a weight, whose factors a device of warp groups rounds; int8 has no part in it.
    ///
    /// What is added to the product only makes the numbers larger that errors are held to.
    public func tolerance(in precision: Precision) -> Double {
        switch precision {
        case .float32, .int8: tolerance
        case .float16, .bfloat16:
            LinearCase(rows: batch * patches, inputs: patchValues, outputs: width).tolerance(in: precision)
        }
    }

    /// Normal pixels, or random bytes under ImageNet's normalization.
    public func prepare<B: Backend>(on backend: B) throws(B.Failure) -> PreparedCase<B> {
        var random = SeededGenerator(seed: UInt64(rows) << 40 ^ UInt64(side) << 20 ^ UInt64(width))
        let embedding = try backend.prepare(
            PatchEmbeddingParameters(
                patchSide: side,
                weight: random.tensor([width, patchValues], deviation: 1 / Float(patchValues).squareRoot()),
                bias: random.values(width), prefix: random.tensor([prefix, width]),
                positions: hasPositions ? random.tensor([patches, width]) : nil))
        let pixels: Pixels<B.Tensor>
        if fromBytes {
            let bytes = (0..<batch * patches * patchValues).map { _ in UInt8(truncatingIfNeeded: random.next() >> 56) }
            let pictures = PixelBatch(count: batch, height: rows * side, width: columns * side, bytes: bytes)
            let normalization = Normalization(
                mean: SIMD3(0.485, 0.456, 0.406), deviation: SIMD3(0.229, 0.224, 0.225))
            pixels = .rgb(try backend.upload(pictures), normalization)
        } else {
            pixels = .normalized(try backend.upload(random.tensor([batch, 3, rows * side, columns * side])))
        }
        return PreparedCase { () throws(B.Failure) in try backend.embed(pixels, embedding) }
    }

    /// Sizes and kind of pixels.
    public var description: String {
        "patch embedding \(batch)×\(rows)×\(columns) patches of \(side), width \(width), \(prefix) prefix tokens"
            + (hasPositions ? "" : ", no positions") + (fromBytes ? ", from bytes" : "")
    }
}
