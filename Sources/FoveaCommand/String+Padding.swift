/// Where a text stands in its column.
enum ColumnSide {
    case left
    case right
}

extension String {
    /// Filled with spaces to a width; a text that is wider stays as it is.
    func padded(_ width: Int, _ side: ColumnSide = .right) -> String {
        let padding = String(repeating: " ", count: max(0, width - count))
        return side == .left ? self + padding : padding + self
    }
}
