/// How a batch of pictures falls into patches.
public struct PatchGrid: Sendable, Equatable {
    /// Number of pictures, B.
    public let batch: Int
    /// Rows of patches.
    public let rows: Int
    /// Columns of patches.
    public let columns: Int
    /// Side of a patch in pixels, P.
    public let side: Int

    /// Patches of one picture, N.
    public var count: Int { rows * columns }

    /// Cuts pictures of `height` × `width` pixels into patches of `side` pixels; both must be multiples of it.
    public init(batch: Int, height: Int, width: Int, side: Int) {
        precondition(height % side == 0 && width % side == 0, "\(height)×\(width) is no multiple of patch side \(side)")
        (self.batch, self.rows, self.columns, self.side) = (batch, height / side, width / side, side)
    }
}

extension PatchEmbeddingParameters {
    /// Traps unless a grid has as many patches as there are positions.
    public func check(_ grid: PatchGrid) {
        precondition(
            positions.map { $0.shape[0] == grid.count } ?? true,
            "\(grid.rows)×\(grid.columns) patches, but \(positions?.shape[0] ?? 0) positions")
    }
}
