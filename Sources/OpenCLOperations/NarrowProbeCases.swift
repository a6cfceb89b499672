import OpenCLRuntime
import Operations

/// A product that has all lanes of several groups and the edges of the last ones, and goes through its stages more than once.
///
/// On a device more groups than its units run together: what a group reads before it has been written may be right as long as
/// it has a unit for itself.
///
/// Its rows reach from no to all negative values, and its sums are as large as they get.
struct LinearProbe {
    let input, weight: HostTensor

    init(_ product: NarrowProduct) {
        let isInstruction = product.form.instruction != nil && !product.isEmulated
        let (rows, inputs, outputs) = isInstruction ? (4000, 390, 1100) : (150, 390, 140)
        input = HostTensor(
            [rows, inputs],
            (0..<rows * inputs).map { index in
                index % inputs == 0 ? 1 : Float((index * 7919) % 257 - index / inputs % 7 * 43) / 128
            })
        weight = HostTensor(
            [outputs, inputs],
            (0..<outputs * inputs).map { index in
                index / inputs < 2 ? Float(1 - 2 * (index / inputs)) : Float((index * 104_729) % 255 - 127) / 127
            })
    }

    /// The product, activated.
    func compute(
        on backend: OpenCLBackend, by product: NarrowProduct, then activation: Activation = .identity
    ) throws(OpenCLError) -> HostTensor {
        let linear = try backend.prepareNarrow(LinearParameters(weight: weight), product)
        return try backend.download(backend.linear(backend.upload(input), linear, then: activation))
    }

    /// The product by warp groups in a tile, activated, as it leaves their kernel.
    func compute(
        on backend: OpenCLBackend, by product: NarrowProduct, in tile: WarpGroupTile, then activation: Activation,
        leaving element: DeviceTensor.Element
    ) throws(OpenCLError) -> HostTensor {
        let linear = try backend.prepareNarrow(LinearParameters(weight: weight), product)
        let x = try backend.upload(input)
        let y = try DeviceTensor([x.shape.rows, linear.outputWidth], element, from: backend.pool)
        try backend.launchWarpGroups(
            backend.narrowed(x, to: product), linear, product, activation: activation, residual: nil, into: y,
            rows: x.shape.rows, in: tile)
        return try backend.download(backend.widened(y, from: product))
    }
}

/// Attention over blocks of keys and a part of one.
struct AttentionProbe {
    /// Tile of a kernel of attention by matrix instructions.
    enum Tile {
        /// Of `attention_matrix.cl`.
        case waves(AttentionMatrixTile)
        /// Of `attention_wgmma.cl`.
        case warpGroups(AttentionWarpGroupTile)
    }

    let tokens: Int
    let heads = 2
    let headWidth: Int
    /// Whether queries, keys and values come as floats, as they do after a rotation, and not as operands.
    let readsFloats: Bool
    let tile: Tile
    /// Large enough that few keys have most of the weight, so that it matters which.
    let scale: Float = 0.25
    /// Multiples of 1/32 from −2 to 2, which no precision rounds: from a linear congruential generator (Numerical Recipes).
    let input: HostTensor

    /// Heads as wide as most are, or as a form takes at most, and wide ones that come as floats.
    ///
    /// An instruction that is imitated has those alone that are compiled in a second.
    ///
    /// Of warp groups each tile, with a part of a block, and groups that answer several tiles of queries where it has any.
    static func all(_ product: NarrowProduct, _ instruction: MatrixInstruction) -> [AttentionProbe] {
        if instruction == .wgmma {
            return AttentionWarpGroupTile.all.map { AttentionProbe(tokens: $0.probedTokens, .warpGroups($0)) }
        }
        let widths = product.form == .subgroup8 ? (32, 32) : (64, 128)
        let usual = AttentionProbe(product, instruction, headWidth: widths.0, readsFloats: false)
        let wide =
            AttentionProbe(product, instruction, headWidth: widths.1, readsFloats: true)
            ?? AttentionProbe(product, instruction, headWidth: widths.0, readsFloats: true)
        return [usual, product.isEmulated ? nil : wide].compactMap { $0 }
    }

    /// Nil where heads of the width run by another kernel.
    private init?(_ product: NarrowProduct, _ instruction: MatrixInstruction, headWidth: Int, readsFloats: Bool) {
        guard let tile = AttentionMatrixTile(product, instruction, headWidth: headWidth) else { return nil }
        self.init(tokens: 83, headWidth: headWidth, readsFloats: readsFloats, .waves(tile))
    }

    private init(tokens: Int, headWidth: Int = 64, readsFloats: Bool = false, _ tile: Tile) {
        (self.tokens, self.headWidth, self.readsFloats, self.tile) = (tokens, headWidth, readsFloats, tile)
        var state: UInt32 = 1
        let values = (0..<tokens * 3 * heads * headWidth).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(Int32(state >> 25) - 64) / 32
        }
        input = HostTensor([1, tokens, 3 * heads * headWidth], values)
    }

    func compute(
        on backend: OpenCLBackend, by product: NarrowProduct, _ instruction: MatrixInstruction
    ) throws(OpenCLError) -> HostTensor {
        let x = try backend.upload(input)
        let queryKeyValue = readsFloats ? x : try backend.narrowed(x, to: product, as: .operand)
        let y =
            switch tile {
            case .waves(let tile):
                try backend.attentionMatrix(
                    queryKeyValue, heads: heads, scale: scale, bias: nil, queries: tokens, tile, product, instruction)
            case .warpGroups(let tile):
                try backend.attentionWarpGroups(
                    queryKeyValue, heads: heads, scale: scale, queries: tokens, tile, product, tilesPerGroup: 2)
            }
        return try backend.download(backend.widened(y, from: product))
    }

    /// Weights and results are rounded once each, and neither the weighted values nor a result are above 2; the fifth unit is
    /// for what is rounded in float32.
    func bound(_ product: NarrowProduct) -> Float { 5 * (product.precision == .float16 ? 0x1p-11 : 0x1p-8) }
}

extension NarrowProduct {
    /// What results are off by that are rounded to operands as well.
    var roundedBound: (Float) -> Float {
        let unit: Float = precision == .float16 ? 0x1p-11 : 0x1p-8
        return { 1e-4 * (1 + abs($0)) + unit * abs($0) }
    }

    /// int8 sums are exact; others differ in their order.
    var linearBound: (Float) -> Float {
        precision == .int8 ? { _ in 0 } : { 1e-4 * (1 + abs($0)) }
    }
}
