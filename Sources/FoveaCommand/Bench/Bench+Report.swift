import Checkpoints
import Fovea
import Operations
import VisionModels

/// What `fovea bench` found.
struct BenchmarkReport {
    /// What one batch size gave.
    struct Row {
        let batchSize: Int
        let own: LatencyStatistics
        var rival: LatencyStatistics?
        var profile: LaunchProfile?

        /// How many times as long the rival takes, by medians.
        var ratio: Double? { rival.map { $0.median / own.median } }
    }

    let model: String
    let configuration: VisionTransformerConfiguration
    let device: String
    let rival: String?
    let precision: String
    /// From opened files to weights on the device.
    var loadSeconds = 0.0
    /// The first run, kernels compiled or read from the cache.
    var firstRunSeconds: Double?
    var rows: [Row] = []

    private func gigaflopRate(_ row: Row, _ statistics: LatencyStatistics) -> Double {
        configuration.flop * Double(row.batchSize) / statistics.median / 1e9
    }
}

// MARK: - Text

extension BenchmarkReport {
    var text: String {
        let head =
            "\(model) (\(configuration.architecture)), \(precision), \((configuration.flop / 1e9).formatted(decimals: 2)) GFLOP an image\n"
            + "loaded in \(loadSeconds.formatted(decimals: 2)) s, first run \((firstRunSeconds ?? 0).formatted(decimals: 2)) s\n\n"
        let lines = rows.flatMap { row in
            [line(row, device, row.own)] + (row.rival.map { [line(row, rival ?? "", $0) + ratioPhrase(row)] } ?? [])
        }
        return head + Self.titles + lines.joined() + rows.map(profileText).joined()
    }

    private static let titles =
        "batch    runs    p50 ms    p90 ms    p99 ms   best ms  images/s   GFLOP/s  device\n"

    private func line(_ row: Row, _ device: String, _ statistics: LatencyStatistics) -> String {
        let milliseconds = [statistics.median, statistics.percentile(90), statistics.percentile(99), statistics.best]
        let rates = [Double(row.batchSize) / statistics.median, gigaflopRate(row, statistics)]
        return "\(row.batchSize)".padded(5) + "\(statistics.count)".padded(8)
            + milliseconds.map { ($0 * 1000).formatted(decimals: 2).padded(10) }.joined()
            + rates.map { $0.formatted(decimals: 1).padded(10) }.joined() + "  \(device)\n"
    }

    private func ratioPhrase(_ row: Row) -> String {
        "\(row.batchSize)".padded(5) + "  by medians \((row.ratio ?? 0).formatted(decimals: 2)) times as long as "
            + "\(device)\n"
    }

    private func profileText(_ row: Row) -> String {
        guard let profile = row.profile else { return "" }
        let rows = profile.rows.map { kernel in
            kernel.operation.commandName.padded(16, .left) + kernel.kernel.padded(24, .left)
                + kernel.label.padded(12, .left) + kernel.calls.formatted(decimals: 0).padded(5)
                + (kernel.seconds * 1000).formatted(decimals: 3).padded(11)
                + (100 * kernel.share).formatted(decimals: 1).padded(8)
                + (kernel.flop / max(kernel.seconds, 1e-12) / 1e9).formatted(decimals: 1).padded(10) + "\n"
        }
        return "\nbatch \(row.batchSize), kernels of one run\n"
            + "operation       kernel                  sizes       calls   total ms       %   GFLOP/s\n" + rows.joined()
            + "together".padded(57, .left) + (profile.seconds * 1000).formatted(decimals: 3).padded(11) + "   100.0"
            + (profile.flop / max(profile.seconds, 1e-12) / 1e9).formatted(decimals: 1).padded(10) + "\n"
    }
}

/// Where a text stands in its column.
private enum Side {
    case left
    case right
}

extension String {
    /// Filled with spaces to a width.
    fileprivate func padded(_ width: Int, _ side: Side = .right) -> String {
        let padding = String(repeating: " ", count: max(0, width - count))
        return side == .left ? self + padding : padding + self
    }
}

// MARK: - JSON

extension BenchmarkReport {
    var json: JSON {
        [
            "model": JSON(model), "architecture": JSON(configuration.architecture), "device": JSON(device),
            "precision": JSON(precision), "flopPerImage": JSON(configuration.flop),
            "loadSeconds": JSON(loadSeconds), "firstRunSeconds": firstRunSeconds.map { JSON($0) } ?? .null,
            "results": .array(rows.map(json)),
        ]
    }

    private func json(_ row: Row) -> JSON {
        var members = members(row, row.own)
        if let statistics = row.rival, let rival, let ratio = row.ratio {
            var other = self.members(row, statistics)
            other["device"] = JSON(rival)
            other["ratio"] = JSON(ratio)
            members["versus"] = .object(other)
        }
        if let profile = row.profile { members["profile"] = .array(profile.rows.map(json)) }
        return .object(members)
    }

    private func members(_ row: Row, _ statistics: LatencyStatistics) -> JSON.Object {
        JSON.Object([
            ("batchSize", JSON(row.batchSize)), ("runs", JSON(statistics.count)),
            (
                "milliseconds",
                [
                    "p50": JSON(1000 * statistics.median), "p90": JSON(1000 * statistics.percentile(90)),
                    "p99": JSON(1000 * statistics.percentile(99)), "best": JSON(1000 * statistics.best),
                ]
            ),
            ("imagesPerSecond", JSON(Double(row.batchSize) / statistics.median)),
            ("gigaflopPerSecond", JSON(gigaflopRate(row, statistics))),
        ])
    }

    private func json(_ row: LaunchProfile.Row) -> JSON {
        [
            "operation": JSON(row.operation.commandName), "kernel": JSON(row.kernel), "sizes": JSON(row.label),
            "calls": JSON(row.calls), "milliseconds": JSON(1000 * row.seconds), "share": JSON(row.share),
            "gigaflopPerSecond": JSON(row.flop / max(row.seconds, 1e-12) / 1e9),
        ]
    }
}
