import Operations

/// BEiT's bias of attention: a table by distance between patches, with three entries for the class token.
///
/// Bao et al., arXiv:2106.08254; the order of entries is that of microsoft/unilm and timm's `beit.py`: rows of the table
/// by difference of rows, then of columns; then class to patch, patch to class, class to class.
struct RelativePositionBias {
    let rows: Int
    let columns: Int

    /// Entries of a table.
    var entryCount: Int { (2 * rows - 1) * (2 * columns - 1) + 3 }

    /// The entry for a query and a key; token 0 is the class token.
    func entry(query: Int, key: Int) -> Int {
        let distances = entryCount - 3
        switch (query, key) {
        case (0, 0): return distances + 2
        case (0, _): return distances
        case (_, 0): return distances + 1
        default:
            let (q, k) = (query - 1, key - 1)
            let down = q / columns - k / columns + rows - 1, right = q % columns - k % columns + columns - 1
            return down * (2 * columns - 1) + right
        }
    }

    /// `[H, T, T]` from tables `[entries, H]`, their values added.
    func bias(_ tables: [HostTensor], heads: Int) -> AttentionBiasParameters {
        let tokens = rows * columns + 1
        var values = [Float](repeating: 0, count: heads * tokens * tokens)
        for query in 0..<tokens {
            for key in 0..<tokens {
                let entry = entry(query: query, key: key)
                for head in 0..<heads {
                    let at = (head * tokens + query) * tokens + key
                    for table in tables { values[at] += table.values[entry * heads + head] }
                }
            }
        }
        return AttentionBiasParameters(HostTensor([heads, tokens, tokens], values))
    }
}
