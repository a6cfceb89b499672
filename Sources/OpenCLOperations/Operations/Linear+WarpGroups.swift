import OpenCLRuntime
import Operations

/// The host side of `linear_wgmma.cl`.
extension OpenCLBackend {
    /// Folds layer scale in, narrows the weight and lays it out by tiles: `[panels][⌈in / 64⌉][panel][64]`, swizzled.
    func prepareWarpGroups(_ parameters: LinearParameters, _ product: NarrowProduct) throws(OpenCLError) -> OpenCLLinear
    {
        let (outputs, inputs) = (parameters.outputWidth, parameters.inputWidth)
        let panel = WarpGroupTile.weightPanel
        let (step, scale) = (WarpGroupTile.step, parameters.layerScale)
        let width = (inputs + step - 1) / step * step
        let weight = try storeOperands(parameters, product.precision, panel: panel, width: width) { row, chunk in
            (chunk / 8 * panel + row) * step + ((chunk ^ row) & 7) * 8
        }
        return OpenCLLinear(
            inputWidth: inputs, outputWidth: outputs, weight: weight,
            bias: try store(paddedBias(parameters.bias, scale: scale, outputs: outputs, panel: panel)),
            hasLayerScale: scale != nil, narrow: NarrowWeight(product: product))
    }

    /// Multiplies operands into a tensor, whose element says what the results become.
    ///
    /// - Parameters:
    ///   - operands: `swizzled`, of so many rows.
    ///   - residual: Added last, as large as the result; `[count, out]` with `patches`.
    ///   - tile: The tile; nil for the fastest.
    ///   - patches: Where the result is the tokens of pictures, a row a patch: patches of a picture and tokens before them.
    func launchWarpGroups(
        _ operands: DeviceTensor, _ linear: OpenCLLinear, _ product: NarrowProduct, activation: Activation,
        residual: Buffer?, into y: DeviceTensor, rows: Int, in tile: WarpGroupTile? = nil,
        patches: (count: Int, prefix: Int)? = nil
    ) throws(OpenCLError) {
        precondition(operands.element == .swizzled, "warp groups multiply swizzled operands alone")
        let (inputs, outputs) = (linear.inputWidth, linear.outputWidth)
        let tile =
            tile
            ?? WarpGroupTile.fastest(
                of: WarpGroupTile.all(isEmulated: product.isEmulated), rows: rows, inputs: inputs, outputs: outputs,
                leaving: y.element, units: profile.device.computeUnits)
        var problem = [
            "INPUTS": inputs, "OUTPUTS": outputs, "RESIDUAL": residual == nil ? 0 : 1, "ACTIVATION": activation.macro,
            "NARROW_OUTPUT": y.element.narrowOutput,
            "WEIGHT_PANEL": WarpGroupTile.weightPanel,
        ]
        if let patches { problem.merge(["PATCHES": patches.count, "PREFIX": patches.prefix]) { $1 } }
        let groups = min(tile.count(rows: rows, outputs: outputs), profile.device.computeUnits * tile.groupsPerUnit)
        try launch(
            .linear, kernel: "linear_wgmma",
            problem.merging(tile.defines) { $1 }.merging(product.matrixDefines(.wgmma)) { $1 },
            [
                .buffer(operands.buffer), .buffer(linear.weight), .buffer(linear.bias),
                residual.map { .buffer($0) } ?? .unused, .buffer(y.buffer), .int(rows),
            ], flop: 2 * rows * inputs * outputs, global: [groups * tile.items], local: [tile.items])
    }
}

/// Tile of `linear_wgmma.cl`; those below compile without a spill (`Scripts/offline-check`).
struct WarpGroupTile {
    /// Columns of a tile of operands: SWIZZLED_STEP of `swizzle.cl`.
    static let step = 64

    /// Warp groups below each other.
    let warpGroups: Int
    /// Columns of a tile of the result.
    let panel: Int
    /// Tiles of operands in local memory, and products that go on while the next begins.
    let stages, inFlight: Int
    /// Groups that a compute unit has room for.
    let groupsPerUnit: Int
    /// Microseconds of a step of 64 where the unit has its groups, and of everything else where results are operands and
    /// where they are floats: as measured on an H100.
    let stepTime, narrowTime, floatTime: Double

    /// The largest: what a batch that fills a device is counted in.
    static let largest = real[0]

    /// Columns that a weight is laid out by: a multiple of every panel.
    static let weightPanel = 256

    /// All that a layer may get.
    static func all(isEmulated: Bool) -> [WarpGroupTile] { isEmulated ? emulated : real }

    /// Small ones, for an item of a CPU device holds all of a group's; one whose results leave in several parts, as those of
    /// the real ones do, for the probe alone.
    private static let emulated = [
        WarpGroupTile(
            warpGroups: 2, panel: 64, stages: 3, inFlight: 0, groupsPerUnit: 1, stepTime: 1, narrowTime: 1,
            floatTime: 1),
        WarpGroupTile(
            warpGroups: 1, panel: 256, stages: 3, inFlight: 1, groupsPerUnit: 1, stepTime: 100, narrowTime: 1,
            floatTime: 1),
    ]

    private static let real = [
        WarpGroupTile(
            warpGroups: 2, panel: 256, stages: 4, inFlight: 1, groupsPerUnit: 1, stepTime: 0.65, narrowTime: 3.3,
            floatTime: 10),
        WarpGroupTile(
            warpGroups: 2, panel: 128, stages: 4, inFlight: 1, groupsPerUnit: 1, stepTime: 0.48, narrowTime: 2,
            floatTime: 5),
        WarpGroupTile(
            warpGroups: 1, panel: 64, stages: 5, inFlight: 1, groupsPerUnit: 2, stepTime: 0.35, narrowTime: 1.7,
            floatTime: 3),
    ]

    /// The tile that is done first with all of a layer.
    static func fastest(
        of tiles: [WarpGroupTile], rows: Int, inputs: Int, outputs: Int, leaving element: DeviceTensor.Element,
        units: Int
    ) -> WarpGroupTile {
        func time(_ tile: WarpGroupTile) -> Double {
            let places = units * tile.groupsPerUnit
            let waves = (tile.count(rows: rows, outputs: outputs) + places - 1) / places
            let ends = element == .float32 ? tile.floatTime : tile.narrowTime
            return Double(waves) * (Double((inputs + step - 1) / step) * tile.stepTime + ends)
        }
        return tiles.min { time($0) < time($1) } ?? largest
    }

    /// Rows of a tile of the result.
    var blockRows: Int { 64 * warpGroups }
    /// Items of a group.
    var items: Int { 128 * warpGroups }

    /// Values of the macros.
    var defines: [String: Int] {
        ["WARP_GROUPS": warpGroups, "PANEL": panel, "STAGES": stages, "IN_FLIGHT": inFlight]
    }

    /// Tiles of the result.
    func count(rows: Int, outputs: Int) -> Int {
        (rows + blockRows - 1) / blockRows * ((outputs + panel - 1) / panel)
    }
}

extension DeviceTensor.Element {
    /// The value of the macro NARROW_OUTPUT of a kernel that writes such elements.
    var narrowOutput: Int {
        switch self {
        case .float32, .uint8: 0
        case .operand: 1
        case .swizzled: 2
        }
    }
}
