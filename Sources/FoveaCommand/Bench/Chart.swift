/// A chart of panels below each other over one shared axis, drawn as SVG.
struct Chart {
    /// A line through points, with its name.
    struct Series {
        let name: String
        /// Position on the axis below, and value.
        let points: [(x: Double, y: Double)]
        /// Which of the colors it has; beyond the last they begin again, in dashes.
        let color: Int
        /// A ceiling is a dashed line across the panel at one value.
        var isCeiling = false
    }

    /// One coordinate system.
    struct Panel {
        let title: String
        let series: [Series]
    }

    let title: String
    let subtitle: String
    let xTitle: String
    /// Where the axis below has marks, and what they say.
    let ticks: [(x: Double, label: String)]
    let panels: [Panel]

    // Okabe and Ito's colors, which people who see few colors can tell apart.
    private static let colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
    private static let dashes = ["12 4", "2 4", "12 4 2 4"]
    private static let ceilingColors = ["#444444", "#999999"]
    private static let (width, left, right, top, panelHeight, gap) = (860.0, 90.0, 30.0, 76.0, 250.0, 84.0)

    private var legend: [Series] {
        var seen: Set<String> = []
        return panels.flatMap(\.series).filter { seen.insert($0.name).inserted }
    }

    /// The whole document.
    var svg: String {
        let legendHeight = 20.0 * Double(legend.count) + 26
        let height = Self.top + Double(panels.count) * (Self.panelHeight + Self.gap) + legendHeight
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(n(Self.width)) \(n(height))" \
            width="\(n(Self.width))" height="\(n(height))" font-family="sans-serif" font-size="13" fill="#222">
            <rect width="100%" height="100%" fill="#fff"/>

            """
        text += label(Self.left, 28, title, "font-size=\"17\" font-weight=\"bold\"")
        text += label(Self.left, 48, subtitle, "fill=\"#555\"")
        for (index, panel) in panels.enumerated() {
            text += draw(panel, at: Self.top + Double(index) * (Self.panelHeight + Self.gap) + 20)
        }
        for (index, series) in legend.enumerated() {
            let y = height - legendHeight + 20 * Double(index) + 8
            text += stroke(series, "M\(n(Self.left)) \(n(y))h28")
            if !series.isCeiling { text += dot(Self.left + 14, y, series) }
            text += label(Self.left + 38, y + 4.5, series.name)
        }
        return text + "</svg>\n"
    }

    private func draw(_ panel: Panel, at top: Double) -> String {
        let scale = Scale(panel.series.flatMap { $0.points.map(\.y) })
        let bottom = top + Self.panelHeight
        let height = { (y: Double) in bottom - scale.position(y) * Self.panelHeight }
        let title = panel.title + (scale.isLogarithmic ? " (logarithmic)" : "")
        var text = label(Self.left, top - 10, title, "font-weight=\"bold\"")
        for mark in scale.marks {
            let y = height(mark)
            text += "<path d=\"M\(n(Self.left)) \(n(y))H\(n(Self.width - Self.right))\" stroke=\"#ddd\"/>\n"
            text += label(Self.left - 8, y + 4.5, Self.short(mark), "text-anchor=\"end\"")
        }
        for tick in ticks {
            let x = place(x: tick.x)
            text += "<path d=\"M\(n(x)) \(n(bottom))v5\" stroke=\"#222\"/>\n"
            text += label(x, bottom + 20, tick.label, "text-anchor=\"middle\"")
        }
        text += "<path d=\"M\(n(Self.left)) \(n(bottom))H\(n(Self.width - Self.right))\" stroke=\"#222\"/>\n"
        text += label((Self.left + Self.width - Self.right) / 2, bottom + 40, xTitle, "text-anchor=\"middle\"")
        for series in panel.series {
            guard !series.isCeiling else {
                let y = n(height(series.points.first?.y ?? 0))
                text += stroke(series, "M\(n(Self.left)) \(y)H\(n(Self.width - Self.right))")
                continue
            }
            let points = series.points.map { (place(x: $0.x), height($0.y)) }
            text += stroke(series, "M" + points.map { "\(n($0.0)) \(n($0.1))" }.joined(separator: "L"))
            for point in points { text += dot(point.0, point.1, series) }
        }
        return text
    }

    /// Half a mark's distance is left free at both ends.
    private func place(x: Double) -> Double {
        let (low, high) = (ticks.map(\.x).min() ?? 0, ticks.map(\.x).max() ?? 1)
        let inner = (Self.width - Self.left - Self.right) - 80
        return Self.left + 40 + (high > low ? (x - low) / (high - low) : 0.5) * inner
    }

    private func stroke(_ series: Series, _ path: String) -> String {
        "<path d=\"\(path)\" fill=\"none\" stroke=\"\(color(series))\" stroke-width=\"2\""
            + (dashes(series).map { " stroke-dasharray=\"\($0)\"" } ?? "") + "/>\n"
    }

    /// How a line is broken; nil for not at all.
    private func dashes(_ series: Series) -> String? {
        if series.isCeiling { return "7 4" }
        let round = series.color / Self.colors.count
        return round == 0 ? nil : Self.dashes[min(round, Self.dashes.count) - 1]
    }

    private func dot(_ x: Double, _ y: Double, _ series: Series) -> String {
        "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"4\" fill=\"\(color(series))\"/>\n"
    }

    private func color(_ series: Series) -> String {
        let colors = series.isCeiling ? Self.ceilingColors : Self.colors
        return colors[series.color % colors.count]
    }

    private func label(_ x: Double, _ y: Double, _ text: String, _ attributes: String = "") -> String {
        "<text x=\"\(n(x))\" y=\"\(n(y))\" \(attributes)>\(Self.escape(text))</text>\n"
    }

    private func n(_ value: Double) -> String { value.formatted(decimals: 1) }

    private static func short(_ value: Double) -> String {
        let decimals = value >= 10 || value == value.rounded() ? 0 : value >= 1 ? 1 : value >= 0.1 ? 2 : 3
        return value.formatted(decimals: decimals)
    }

    /// A device's or a file's name may hold anything.
    private static func escape(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: if scalar.value >= 0x20 { result.unicodeScalars.append(scalar) }
            }
        }
    }
}

extension Chart {
    /// From values to heights: from 0 on, or by powers of ten where the values lie far apart.
    private struct Scale {
        let marks: [Double]
        private let low: Double
        private let high: Double
        let isLogarithmic: Bool

        private static let farApart = 12.0

        init(_ values: [Double]) {
            let (least, most) = (values.min() ?? 1, values.max() ?? 1)
            isLogarithmic = least > 0 && most / least > Self.farApart
            if isLogarithmic {
                (low, high) = (Self.decade(least / 1.15, up: false), Self.decade(most * 1.15, up: true))
                var (marks, next) = ([Double](), low)
                while next <= high * 1.001 {
                    marks.append(next)
                    next = Self.decade(next * 1.5, up: true)
                }
                self.marks = marks
            } else {
                let step = Self.decade(most / 6, up: true)
                let count = (most * 1.03 / step).rounded(.up)
                (low, high) = (0, max(1, count) * step)
                marks = (0...Int(max(1, count))).map { Double($0) * step }
            }
        }

        /// 0 at the bottom, 1 at the top.
        func position(_ value: Double) -> Double {
            isLogarithmic ? Self.logarithm(value / low) / Self.logarithm(high / low) : (value - low) / (high - low)
        }

        /// The next number among 1, 2, 5, 10, 20 and so on.
        private static func decade(_ value: Double, up: Bool) -> Double {
            var unit = 1.0
            while unit > value { unit /= 10 }
            while unit * 10 <= value { unit *= 10 }
            let steps = [1, 2, 5, 10].map { $0 * unit }
            return (up ? steps.first { $0 >= value * 0.999 } : steps.last { $0 <= value }) ?? unit
        }

        /// The binary logarithm, by exponent and a series of its significand: no library is needed for a chart.
        private static func logarithm(_ value: Double) -> Double {
            let z = (value.significand - 1) / (value.significand + 1)
            let series = stride(from: 1.0, through: 21, by: 2).reduce((0.0, z)) { ($0.0 + $0.1 / $1, $0.1 * z * z) }
            return Double(value.exponent) + 2 * series.0 / 0.693_147_180_559_945_3
        }
    }
}
