import Imaging

/// Shares from 0 to 1 as horizontal bars with their names.
struct BarPlot {
    let title: String
    let bars: [(name: String, share: Double)]

    private static let (barHeight, pitch, barWidth) = (14, 20, 480)
    private static let (margin, top, nameLimit) = (20, 64, 32)
    private static let color = RGB(red: 0x21, green: 0x91, blue: 0x8C)

    /// The plot.
    var picture: Picture {
        let names = bars.map { $0.name.shortened(to: Self.nameLimit) }
        let left = Self.margin + (names.map(Canvas.width).max() ?? 0) + 10
        let right = left + Self.barWidth
        let bottom = Self.top + bars.count * Self.pitch
        let titleWidth = Self.margin * 2 + Canvas.width(of: title)
        var canvas = Canvas(width: max(right + 110, titleWidth), height: bottom + 2 * Self.margin)
        canvas.text(title, x: Self.margin, y: Self.margin)
        for quarter in 0...4 {
            let x = left + quarter * Self.barWidth / 4
            canvas.fill(x: x, y: Self.top - 6, width: 1, height: bottom - Self.top + 6, Canvas.faint)
            let mark = "\(25 * quarter) %"
            canvas.text(mark, x: x - Canvas.width(of: mark) / 2, y: bottom + 8)
        }
        for (position, bar) in bars.enumerated() {
            let y = Self.top + position * Self.pitch
            let length = Int((max(0, min(1, bar.share)) * Double(Self.barWidth)).rounded())
            canvas.text(names[position], right: left - 10, y: y)
            canvas.fill(x: left, y: y, width: length, height: Self.barHeight, Self.color)
            canvas.text(bar.share.percent, x: right + 12, y: y)
        }
        return canvas.picture
    }
}

extension String {
    /// The text, or its beginning and dots where it is longer.
    func shortened(to limit: Int) -> String { count <= limit ? self : prefix(limit - 2) + ".." }
}
