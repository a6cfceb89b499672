import Fovea
import OpenCLOperations
import VisionModels

extension BenchmarkReport {
    /// The report for people: a head, a line a row and device, then where the time goes.
    var text: String {
        head + "\n" + titles + rows.flatMap(lines).joined() + rows.map(profileText).joined()
    }

    private var head: String {
        let work = axes.contains { $0 != .batchSize } ? nil : rows.first?.configuration.passFlop
        let names = [
            "\(model) (\(rows.first?.configuration.architecture ?? ""))", precisions,
            work.map { "\(($0 / 1e9).formatted(decimals: 2)) GFLOP an image" },
        ]
        return names.compactMap { $0 }.joined(separator: ", ") + "\n"
            + "loaded in \(loadSeconds.formatted(decimals: 2)) s, first run "
            + "\((firstRunSeconds ?? 0).formatted(decimals: 2)) s\n"
            + [device, rival].compactMap { $0 }.map(rooflineLine).joined()
    }

    private func rooflineLine(_ device: Device) -> String {
        guard let roofline = device.roofline else { return "" }
        return "\(device.name) reaches at most \(gigaflop(roofline)) and "
            + "\((roofline.bytesPerSecond / 1e9).formatted(decimals: 1)) GB/s\n"
    }

    private func gigaflop(_ roofline: Roofline) -> String {
        "\((roofline.flopPerSecond / 1e9).formatted(decimals: 1)) GFLOP/s"
    }

    // MARK: Rows

    private var axisColumns: [(title: String, axis: Axis)] {
        [("batch", .batchSize)]
            + axes.compactMap { $0 == .inputSize ? ("size", .inputSize) : $0 == .depth ? ("depth", .depth) : nil }
    }

    private var titles: String {
        let numbers =
            ["p50 ms", "p90 ms", "p99 ms", "best ms", "images/s"] + (hasStreams ? ["stream/s"] : [])
            + ["GFLOP/s", "% of peak"]
        return axisColumns.map { $0.title.padded($0.axis == .inputSize ? 10 : 6) }.joined() + "runs".padded(7)
            + (numbers + (rows.count > 1 ? ["ms/GFLOP"] : [])).map { $0.padded(10) }.joined() + "  device\n"
    }

    /// Whether a device took the next batch before it had answered the last.
    private var hasStreams: Bool { rows.contains { $0.streamSeconds != nil } }

    private func lines(_ row: Row) -> [String] {
        let own = line(row, row.own, device, stream: row.streamRate)
        guard let statistics = row.rival, let rival else { return [own] }
        let ratio = "  \((row.ratio ?? 0).formatted(decimals: 2)) times as long\n"
        return [own, String(line(row, statistics, rival).dropLast()) + ratio]
    }

    private func line(
        _ row: Row, _ statistics: LatencyStatistics, _ device: Device, stream: Double? = nil
    ) -> String {
        let milliseconds = [statistics.median, statistics.percentile(90), statistics.percentile(99), statistics.best]
        let (rate, share) = (row.flopPerSecond(statistics), row.share(statistics, on: device))
        let cells =
            milliseconds.map { ($0 * 1000).formatted(decimals: 2) }
            + [(Double(row.batchSize) / statistics.median).formatted(decimals: 1)]
            + (hasStreams ? [stream?.formatted(decimals: 1) ?? "–"] : []) + [(rate / 1e9).formatted(decimals: 1)]
            + [share.map { (100 * $0).formatted(decimals: 1) } ?? "–"]
            + (rows.count > 1 ? [(1e12 / rate).formatted(decimals: 3)] : [])
        return axisColumns.map { $0.axis.label(row).padded($0.axis == .inputSize ? 10 : 6) }.joined()
            + "\(statistics.count)".padded(7) + cells.map { $0.padded(10) }.joined() + "  \(device.name)\n"
    }

    // MARK: Kernels

    private func profileText(_ row: Row) -> String {
        guard let profile = row.profile else { return "" }
        let roofline = device.roofline(during: profile)
        let place = axisColumns.map { "\($0.title) \($0.axis.label(row))" }.joined(separator: ", ")
        return "\n\(place), kernels of one run\n"
            + "operation       kernel                  sizes       calls   total ms       %   GFLOP/s      GB/s  % of roof\n"
            + profile.rows.map { line($0, share: profile.share($0), roofline) }.joined()
            + "together".padded(57, .left) + (profile.seconds * 1000).formatted(decimals: 3).padded(11) + "   100.0"
            + rate(profile.flop, profile.seconds) + rate(profile.rows.reduce(0) { $0 + $1.bytes }, profile.seconds)
            + roofShare(profile.attainableSeconds(roofline), profile.seconds) + "\n"
            + "of a run no kernel ran in \(profile.hostShare.percent) before the first and after the last, and in "
            + "\(profile.gapShare.percent) between two\n"
            + (roofline.map {
                "% of roof is of \(gigaflop($0)), the median measured after each run, or of the GB/s above\n"
            }
                ?? "")
    }

    private func line(_ row: LaunchProfile.Row, share: Double, _ roofline: Roofline?) -> String {
        row.operation.commandName.padded(16, .left) + row.kernel.padded(24, .left) + row.label.padded(12, .left)
            + row.calls.formatted(decimals: 0).padded(5) + (row.seconds * 1000).formatted(decimals: 3).padded(11)
            + (100 * share).formatted(decimals: 1).padded(8) + rate(row.flop, row.seconds)
            + rate(row.bytes, row.seconds) + roofShare(row.attainableSeconds(roofline), row.seconds) + "\n"
    }

    private func rate(_ amount: Double, _ seconds: Double) -> String {
        (amount / max(seconds, 1e-12) / 1e9).formatted(decimals: 1).padded(10)
    }

    private func roofShare(_ attainable: Double?, _ seconds: Double) -> String {
        (attainable.map { (100 * $0 / max(seconds, 1e-12)).formatted(decimals: 1) } ?? "–").padded(11)
    }
}
