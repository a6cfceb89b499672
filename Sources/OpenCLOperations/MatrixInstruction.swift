package import Operations

/// A matrix instruction that `matrix.cl` or `wgmma.cl` knows, and what takes the place of one; the raw value is that of the
/// macro MATRIX.
///
/// The order is that of preference where a device has several.
/// Which devices have it stands in `Quirks.swift`.
package enum MatrixInstruction: Int, Sendable, CaseIterable {
    /// wgmma m64nNk16 of 128 items, out of local memory: linear layers and patch embedding by `linear_wgmma.cl`, attention by
    /// `attention_wgmma.cl`.
    case wgmma = 8
    /// mma.sync m16n8k16, with ldmatrix and cp.async.
    case mma16 = 1
    /// mma.sync m16n8k8, with ldmatrix.
    case mma8
    /// MFMA 16×16×16 of waves of 64.
    case mfma
    /// WMMA 16×16×16 as of gfx11.
    case wmma11
    /// WMMA 16×16×16 as of gfx12.
    case wmma12
    /// DPAS of sub-groups of 8.
    case dpas8
    /// DPAS of sub-groups of 16.
    case dpas16
    /// None: shuffles of sub-groups of 8 and fma, in the layouts of `dpas8`.
    case subgroup8 = 9

    /// Whether the device has it for products alone, so that it must be faster than float32: what `auto` asks for.
    package var isHardware: Bool { self != .subgroup8 }

    /// LANES of `matrix_layout.cl`: items of a wave; of a warp group where that multiplies.
    var lanes: Int {
        switch self {
        case .wgmma: 128
        case .mma16, .mma8, .wmma11, .wmma12: 32
        case .mfma: 64
        case .dpas8, .subgroup8: 8
        case .dpas16: 16
        }
    }

    /// MATRIX_COLUMNS of `matrix_layout.cl`: columns of a product.
    var columns: Int { self == .dpas8 || self == .subgroup8 ? 8 : 16 }

    /// The instruction of a wave: what warp groups cannot run is run by it on the same device.
    package var ofWaves: MatrixInstruction { self == .wgmma ? .mma16 : self }

    /// Whether it multiplies numbers of a precision.
    package func multiplies(_ precision: Precision) -> Bool {
        // m16n8k8 has no bfloat16.
        precision == .float16 || (precision == .bfloat16 && self != .mma8)
    }

    /// The instruction in results and on the command line's reports.
    package var form: NarrowForm {
        switch self {
        case .wgmma: .wgmma
        case .mma16: .mma16
        case .mma8: .mma8
        case .mfma: .mfma
        case .wmma11: .wmma11
        case .wmma12: .wmma12
        case .dpas8: .dpas8
        case .dpas16: .dpas16
        case .subgroup8: .subgroup8
        }
    }
}

/// How a matrix instruction is a function over local memory, its layouts on a device that does not have it; the raw value is
/// that of the macro EMULATED.
package enum MatrixEmulation: Int, Sendable {
    /// It computes what the instruction does.
    case faithful = 1
    /// Each two lanes have each other's sums, so that every product is wrong.
    case exchangedSums
    /// A lane that asks another hears itself, so that attention alone is wrong.
    case deafLanes
    /// Each two lanes have each other's weighted values, so that attention by warp groups alone is wrong.
    case exchangedWeights
}

/// Tile of `linear_matrix.cl`: what `Scripts/offline-check` compiles without a spill.
struct MatrixTile {
    /// Waves below each other and side by side.
    var waves: (rows: Int, columns: Int)
    /// Products of a wave, below each other and side by side.
    var products: (rows: Int, columns: Int)

    /// The tile for an instruction; a small one where it is emulated, for an item of a CPU device holds all of a wave's.
    init(_ instruction: MatrixInstruction, isEmulated: Bool) {
        switch instruction {
        case .wgmma, .mma16, .mma8, .mfma: (waves, products) = ((2, 2), (4, 4))
        case .wmma11, .wmma12: (waves, products) = ((2, 2), (4, 2))
        case .dpas8, .dpas16: (waves, products) = ((8, 4), (1, 2))
        case .subgroup8: (waves, products) = ((4, 4), (1, 1))
        }
        guard isEmulated else { return }
        (waves, products) = ((2, 2), (2, instruction.columns == 8 ? 4 : 2))
    }

    /// Rows of a group.
    var blockRows: Int { waves.rows * products.rows * 16 }
    /// Columns of a group of an instruction: the weight's rows are padded to multiples of it.
    func panel(_ instruction: MatrixInstruction) -> Int { waves.columns * products.columns * instruction.columns }
    /// Items of a group.
    func items(_ instruction: MatrixInstruction) -> Int { waves.rows * waves.columns * instruction.lanes }
    /// Values of the macros.
    var defines: [String: Int] {
        [
            "WAVE_ROWS": waves.rows, "WAVE_COLUMNS": waves.columns, "TILE_ROWS": products.rows,
            "TILE_COLUMNS": products.columns,
        ]
    }
}

/// Tile of `attention_matrix.cl`: what `Scripts/offline-check` compiles without a spill.
struct AttentionMatrixTile {
    /// Waves of a group.
    let waves = 4
    /// Keys of a block.
    private(set) var keys: Int
    /// Products of a wave, of as many queries each.
    private(set) var queryTiles = 1
    /// Whether queries stay in registers; where not, they are loaded for each block.
    private(set) var holdsQueries: Bool

    /// The tile for an instruction and heads of a width; nil where those run by another kernel, for registers would spill.
    init?(_ product: NarrowProduct, _ instruction: MatrixInstruction, headWidth: Int) {
        guard headWidth % 8 == 0 else { return nil }
        let largestWidth: Int
        switch instruction {
        case .wgmma, .mma16, .mma8, .mfma, .wmma11, .wmma12: (keys, largestWidth, holdsQueries) = (32, 128, true)
        case .dpas8, .dpas16: (keys, largestWidth, holdsQueries) = (16, 64, false)
        case .subgroup8: (keys, largestWidth, holdsQueries) = (16, 32, false)
        }
        if instruction.ofWaves == .mma16, headWidth <= 80 { (queryTiles, holdsQueries) = (2, false) }
        if headWidth > largestWidth, !product.isEmulated { return nil }
    }

    /// Queries of a group.
    func queries(_ instruction: MatrixInstruction) -> Int { waves * queryTiles * instruction.columns }
    /// Items of a group.
    func items(_ instruction: MatrixInstruction) -> Int { waves * instruction.lanes }
    /// Values of the macros.
    var defines: [String: Int] {
        ["WAVES": waves, "KEYS": keys, "QUERY_TILES": queryTiles, "HOLD_QUERIES": holdsQueries ? 1 : 0]
    }
}
