import Fovea
import OpenCLOperations
import VisionModels

extension BenchmarkReport {
    /// Time an image and operations a second over what varies most usefully, as SVG.
    var chart: String {
        let axis = axes.first ?? .batchSize
        var ticks: [Double: String] = [:]
        for row in rows { ticks[axis.position(row)] = axis.label(row) }
        var (times, rates): ([Chart.Series], [Chart.Series]) = ([], [])
        let devices = [device, rival].compactMap { $0 }
        for (place, device) in devices.enumerated() {
            for (index, group) in groups(apartFrom: axis).enumerated() {
                let found = group.rows.compactMap { row in (place == 0 ? row.own : row.rival).map { (row, $0) } }
                let name = device.name + (group.label.isEmpty ? "" : ", " + group.label)
                let color = devices.count * index + place
                times.append(
                    .init(
                        name: name,
                        points: found.map { (axis.position($0), 1000 * $1.median / Double($0.batchSize)) },
                        color: color))
                rates.append(
                    .init(
                        name: name, points: found.map { (axis.position($0), $0.flopPerSecond($1) / 1e9) },
                        color: color))
            }
            guard let roofline = device.roofline else { continue }
            rates.append(
                .init(
                    name: "most multiply-adds of \(device.name), measured",
                    points: [(0, roofline.flopPerSecond / 1e9)], color: place, isCeiling: true))
        }
        return Chart(
            title: model, subtitle: "\(precisions), medians", xTitle: axis.title,
            ticks: ticks.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
            panels: [
                .init(title: "time an image, ms", series: times), .init(title: "GFLOP/s", series: rates),
            ]
        ).svg
    }

    /// Rows that differ in one axis alone, with what they share.
    private func groups(apartFrom axis: Axis) -> [(label: String, rows: [Row])] {
        let others = axes.filter { $0 != axis }
        var groups: [(label: String, rows: [Row])] = []
        for row in rows {
            let label = others.map { "\($0.word) \($0.label(row))" }.joined(separator: ", ")
            if let index = groups.firstIndex(where: { $0.label == label }) {
                groups[index].rows.append(row)
            } else {
                groups.append((label, [row]))
            }
        }
        return groups.map { ($0.label, $0.rows.sorted { axis.value($0) < axis.value($1) }) }
    }
}

extension BenchmarkReport.Axis {
    fileprivate var word: String {
        switch self {
        case .batchSize: "batch"
        case .inputSize: "size"
        case .depth: "depth"
        }
    }

    fileprivate var title: String {
        switch self {
        case .batchSize: "pictures in a run"
        case .inputSize: "size of the picture, pixels a side; spaced by area"
        case .depth: "blocks"
        }
    }

    /// Batches at equal steps for equal factors; pictures by their area, depth as it is: time is then a straight line.
    fileprivate func position(_ row: BenchmarkReport.Row) -> Double {
        switch self {
        case .batchSize:
            Double(Double(row.batchSize).exponent) + Double(row.batchSize)
                / Double(1 << Int(Double(row.batchSize).exponent)) - 1
        case .inputSize: value(row) * value(row)
        case .depth: value(row)
        }
    }
}
