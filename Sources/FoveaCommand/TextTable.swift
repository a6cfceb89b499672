/// A table whose rows are written as they come, in columns of a width settled beforehand.
struct TextTable {
    /// A column: its title, its width, and the side its text stands on.
    struct Column {
        let title: String
        let width: Int
        let side: ColumnSide

        /// A column of words.
        static func words(_ title: String, _ width: Int) -> Column { Column(title: title, width: width, side: .left) }
        /// A column of numbers.
        static func number(_ title: String, _ width: Int) -> Column { Column(title: title, width: width, side: .right) }
    }

    let columns: [Column]

    /// Writes the titles.
    func writeTitles() { writeRow(columns.map(\.title)) }

    /// Writes a row; a text wider than its column pushes the rest along.
    func writeRow(_ cells: [String]) {
        var line = zip(columns, cells).map { column, cell in cell.padded(column.width, column.side) }
            .joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        Console.write(line + "\n")
    }
}
