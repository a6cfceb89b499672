/// Tile of `attention_simd.cl`.
struct AttentionSIMDTuning: KernelTuning {
    /// Floats per vector, at most; the kernel gets the largest power of two below that divides the head width.
    var vector: Int
    /// Vectors of queries.
    var vectors: Int
    /// Keys, then channels, of a register tile.
    var rows: Int
    /// Keys whose scores are held.
    var keyBlock: Int
    /// Tiles of queries that share a packed block of keys.
    var tiles: Int

    static let knobs: [Knob<Self>] = [
        Knob(name: "VECTOR", path: \.vector, candidates: [4, 8, 16]),
        Knob(name: "VECTORS", path: \.vectors, candidates: [1, 2, 3, 4, 5]),
        Knob(name: "ROWS", path: \.rows, candidates: [2, 3, 4, 5, 6, 8, 12]),
        Knob(name: "KEY_BLOCK", path: \.keyBlock, candidates: [64, 128, 256, 512]),
        Knob(name: "TILES", path: \.tiles, candidates: [1, 4, 8, 16]),
    ]

    var isLegal: Bool {
        [1, 2, 4, 8, 16].contains(vector) && vectors > 0 && rows > 0 && keyBlock > 0 && tiles > 0
            && queries <= 128
    }

    /// Items of a group.
    var items: Int { 1 }
    /// Queries of a tile.
    var queries: Int { vector * vectors }

    /// The same tuning for heads of a given width, a number of tokens, and a device's local memory; nil where even one
    /// vector of queries and a few keys do not fit.
    func fitting(headWidth: Int, tokens: Int, localMemory: Int) -> AttentionSIMDTuning? {
        var fitted = self
        while headWidth % fitted.vector != 0 { fitted.vector /= 2 }
        fitted = fitted.fitting(tokens: tokens)
        fitted.rows = min(fitted.rows, headWidth)
        while fitted.localBytes(headWidth: headWidth) > localMemory {
            if fitted.tiles > 1 {
                fitted.tiles /= 2
            } else if fitted.keyBlock > 32 {
                fitted.keyBlock /= 2
            } else if fitted.vectors > 1 {
                fitted.vectors -= 1
            } else if fitted.keyBlock > 8 {
                fitted.keyBlock /= 2
            } else {
                return nil
            }
        }
        return fitted
    }

    /// The same with fewer vectors, and as many registers, where the last tile would have few queries.
    ///
    /// The fewest lanes win; a vector less costs some 2 % of a lane, for each scalar that is read serves fewer of them.
    /// A tile of one vector costs a third, and is taken only where it was asked for.
    private func fitting(tokens: Int) -> AttentionSIMDTuning {
        func cost(_ vectors: Int) -> Double {
            let queries = vectors * vector
            return Double((tokens + queries - 1) / queries * queries) * (1 + 0.02 * Double(self.vectors - vectors))
        }
        var fitted = self
        fitted.vectors = (min(2, vectors)...vectors).min { (cost($0), -$0) < (cost($1), -$1) } ?? vectors
        // A step keeps a vector for each sum, its own vectors and one scalar.
        fitted.rows = vectors * (rows + 1) / fitted.vectors - 1
        return fitted
    }

    /// Local memory of a work-group, in bytes.
    func localBytes(headWidth: Int) -> Int {
        let tileFloats = (2 * headWidth + 2) * queries
        let blockFloats = (keyBlock + rows) * (queries + 2 * headWidth)
        return 4 * (tiles * tileFloats + blockFloats)
    }

    /// Query tiles that an item works through, so that the compute units end together.
    ///
    /// Few heads on few units want their queries divided; but every item packs the keys and values of its head, once where
    /// a block holds them all and else for every `tiles` tiles, which costs about as much as 8 queries. The smallest time of
    /// the longest unit wins, in tiles, and among equals the fewest items.
    func tilesPerItem(answered: Int, tokens: Int, heads: Int, units: Int) -> Int {
        let all = (answered + queries - 1) / queries
        func cost(_ items: Int) -> Double {
            let own = (all + items - 1) / items
            let packings = tokens > keyBlock ? (own + tiles - 1) / tiles : 1
            let rounds = (heads * items + units - 1) / units
            return Double(rounds) * (Double(own) + 8 * Double(packings) / Double(queries))
        }
        let items = (1...all).min { (cost($0), $0) < (cost($1), $1) } ?? 1
        return (all + items - 1) / items
    }
}
