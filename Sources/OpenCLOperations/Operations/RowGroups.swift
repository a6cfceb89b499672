/// How the row groups of a product are launched: in blocks of even size, one after the other.
///
/// Every panel of the weight meets all rows of a block before the next block begins. Without blocks the rows of a batch
/// come from memory again for every panel: at 1576 rows of 768 that cost 15 to 20 % of the time.
struct RowGroups {
    /// Row groups of a block; those past the last row of the last block compute nothing that is kept.
    let perBlock: Int
    /// Blocks.
    let blocks: Int

    /// Rows that a block has at most, about: a batch of two at 197 tokens is one block, a picture of 577 tokens two.
    private static let rowLimit = 400

    /// Divides rows among groups of `height` of them.
    init(rows: Int, height: Int) {
        let groups = (rows + height - 1) / height
        blocks = max(1, (rows + Self.rowLimit - 1) / Self.rowLimit)
        perBlock = (groups + blocks - 1) / blocks
    }
}
