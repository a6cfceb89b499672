import OpenCLRuntime
import Operations

/// The host side of `attention_wgmma.cl`.
extension OpenCLBackend {
    /// Attention of heads 64 wide by warp groups, of operands in rows to operands as warp groups' linear layers read them.
    ///
    /// - Parameter tilesPerGroup: Tiles of queries that a group answers; nil for the fastest.
    func attentionWarpGroups(
        _ queryKeyValue: DeviceTensor, heads: Int, scale: Float, queries: Int, _ tile: AttentionWarpGroupTile,
        _ product: NarrowProduct, tilesPerGroup: Int? = nil
    ) throws(OpenCLError) -> DeviceTensor {
        precondition(queryKeyValue.element == .operand, "warp groups attend to operands in rows alone")
        let (batch, tokens, width) = (queryKeyValue.shape[0], queryKeyValue.shape[1], queryKeyValue.shape[2] / 3)
        precondition(width == heads * AttentionWarpGroupTile.headWidth, "\(heads) heads of a row of \(width)")
        precondition(tile.stages > 1 || tokens <= tile.keys, "\(tokens) keys, and one block of \(tile.keys)")
        let y = try DeviceTensor([batch, queries, width], .swizzled, from: pool)
        let tiles = (queries + tile.queries - 1) / tile.queries
        let together =
            tilesPerGroup
            ?? tile.tilesPerGroup(tiles, batchHeads: batch * heads, units: profile.device.computeUnits)
        try launch(
            .attention, kernel: "attention_wgmma",
            ["HEADS": heads].merging(product.matrixDefines(.wgmma)) { $1 }.merging(tile.defines) { $1 },
            [
                .buffer(queryKeyValue.buffer), .buffer(y.buffer), .int(tokens), .int(queries), .float(scale),
                .int(together),
            ], flop: 4 * batch * queries * tokens * width,
            global: [(tiles + together - 1) / together * tile.items, heads, batch], local: [tile.items, 1, 1])
        return y
    }
}

/// Tile of `attention_wgmma.cl`; those below compile without a spill (`Scripts/offline-check`).
struct AttentionWarpGroupTile {
    /// Width of the heads that the kernel has.
    static let headWidth = 64

    /// Warp groups that share keys and values.
    let warpGroups: Int
    /// Keys of a block.
    let keys: Int
    /// Blocks in local memory.
    let stages: Int
    /// Groups that a compute unit must have registers for.
    let groupsPerUnit: Int
    /// Up to how many tokens it is the fastest.
    let mostTokens: Int

    /// All that a model may get, by the number of its tokens: as measured on an H100.
    static let all = [
        AttentionWarpGroupTile(warpGroups: 1, keys: 64, stages: 1, groupsPerUnit: 4, mostTokens: 64),
        AttentionWarpGroupTile(warpGroups: 1, keys: 144, stages: 1, groupsPerUnit: 3, mostTokens: 144),
        AttentionWarpGroupTile(warpGroups: 1, keys: 208, stages: 1, groupsPerUnit: 3, mostTokens: 208),
        AttentionWarpGroupTile(warpGroups: 1, keys: 144, stages: 2, groupsPerUnit: 2, mostTokens: 288),
        AttentionWarpGroupTile(warpGroups: 2, keys: 128, stages: 2, groupsPerUnit: 2, mostTokens: .max),
    ]

    /// The tile for some tokens; nil where the kernel does not have the heads.
    init?(headWidth: Int, tokens: Int) {
        guard headWidth == Self.headWidth, let tile = Self.all.first(where: { tokens <= $0.mostTokens }) else {
            return nil
        }
        self = tile
    }

    private init(warpGroups: Int, keys: Int, stages: Int, groupsPerUnit: Int, mostTokens: Int) {
        (self.warpGroups, self.keys, self.stages) = (warpGroups, keys, stages)
        (self.groupsPerUnit, self.mostTokens) = (groupsPerUnit, mostTokens)
    }

    /// Tokens that go through all of the tile: a part of a block, and where it has stages each of them again.
    var probedTokens: Int { (stages > 1 ? 4 : 1) * keys - 7 }
    /// Queries of a group.
    var queries: Int { 64 * warpGroups }
    /// Items of a group.
    var items: Int { 128 * warpGroups }
    /// Values of the macros.
    var defines: [String: Int] {
        ["WARP_GROUPS": warpGroups, "KEYS": keys, "STAGES": stages, "GROUPS_PER_UNIT": groupsPerUnit]
    }

    /// Tiles of queries that a group answers one after another: two where it reads keys and values but once and groups are
    /// many enough all the same; elsewhere a group more hides what it waits for better.
    func tilesPerGroup(_ tiles: Int, batchHeads: Int, units: Int) -> Int {
        stages == 1 && tiles > 1 && batchHeads * tiles >= 4 * units * groupsPerUnit ? 2 : 1
    }
}
