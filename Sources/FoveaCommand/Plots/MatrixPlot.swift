import Imaging

/// A square matrix of shares from 0 to 1 in colors, with the names of its rows and columns where they find room.
struct MatrixPlot {
    let title: String
    let names: [String]
    /// The shares that are not 0, by row and column.
    let cells: [(row: Int, column: Int, share: Double)]

    private static let (margin, gap, side, nameLimit) = (20, 8, 960, 28)
    private static let (largestCell, namedCell) = (40, 16)

    /// The plot; a matrix with more rows than it has pixels shows the largest share of each pixel.
    var picture: Picture {
        let cell = max(1, min(Self.largestCell, Self.side / max(1, names.count)))
        let stride = max(1, (names.count + Self.side - 1) / Self.side)
        let count = (names.count + stride - 1) / stride
        let pixels = count * cell
        let shown = cell >= Self.namedCell ? names.map { $0.shortened(to: Self.nameLimit) } : []
        let nameWidth = shown.map(Canvas.width).max() ?? 0
        let (left, top) = (Self.margin + nameWidth + Self.gap, 3 * Self.margin)
        var canvas = Canvas(
            width: max(left + pixels + 130, 2 * Self.margin + Canvas.width(of: title)),
            height: max(top + pixels + Self.gap + nameWidth + Self.margin, top + 3 * Self.largestCell))
        canvas.text(title, x: Self.margin, y: Self.margin)
        var largest = [Double](repeating: 0, count: count * count)
        for (row, column, share) in cells {
            let place = row / stride * count + column / stride
            largest[place] = max(largest[place], share)
        }
        for (place, share) in largest.enumerated() {
            canvas.fill(
                x: left + place % count * cell, y: top + place / count * cell, width: cell, height: cell,
                ColorMap.viridis(share))
        }
        for (position, name) in shown.enumerated() {
            let middle = position * cell + (cell - Canvas.textHeight) / 2
            canvas.text(name, right: left - Self.gap, y: top + middle)
            canvas.verticalText(name, x: left + middle, top: top + pixels + Self.gap)
        }
        drawScale(on: &canvas, x: left + pixels + Self.margin, top: top, height: max(pixels, 3 * Self.largestCell))
        return canvas.picture
    }

    /// What the colors mean.
    private func drawScale(on canvas: inout Canvas, x: Int, top: Int, height: Int) {
        for y in 0..<height {
            let share = 1 - Double(y) / Double(max(1, height - 1))
            canvas.fill(x: x, y: top + y, width: 16, height: 1, ColorMap.viridis(share))
        }
        canvas.text("100 %", x: x + 24, y: top)
        canvas.text("50 %", x: x + 24, y: top + (height - Canvas.textHeight) / 2)
        canvas.text("0 %", x: x + 24, y: top + height - Canvas.textHeight)
    }
}
