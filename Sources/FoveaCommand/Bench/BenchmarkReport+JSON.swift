import Checkpoints
import Fovea
import OpenCLOperations
import Operations
import VisionModels

extension BenchmarkReport {
    /// The whole report.
    var json: JSON {
        let first = rows.first?.configuration
        var members = JSON.Object([
            ("model", JSON(model)), ("architecture", first.map { JSON($0.architecture) } ?? .null),
            ("device", JSON(device.name)), ("precision", JSON(device.precision.rawValue)),
            ("flopPerImage", first.map { JSON($0.passFlop) } ?? .null), ("loadSeconds", JSON(loadSeconds)),
            ("firstRunSeconds", firstRunSeconds.map { JSON($0) } ?? .null),
        ])
        if let roofline = device.roofline { members["roofline"] = roofline.json }
        members["results"] = .array(rows.map(json))
        return .object(members)
    }

    private func json(_ row: Row) -> JSON {
        var members = JSON.Object([
            ("batchSize", JSON(row.batchSize)),
            ("inputSize", [JSON(row.inputSize.height), JSON(row.inputSize.width)]),
            ("depth", JSON(row.configuration.depth)), ("flop", JSON(row.flop)),
        ])
        append(row, row.own, device, to: &members)
        if let rate = row.streamRate { members["streamImagesPerSecond"] = JSON(rate) }
        if let statistics = row.rival, let rival, let ratio = row.ratio {
            var other = JSON.Object([("device", JSON(rival.name)), ("precision", JSON(rival.precision.rawValue))])
            append(row, statistics, rival, to: &other)
            other["ratio"] = JSON(ratio)
            members["versus"] = .object(other)
        }
        if let profile = row.profile {
            let roofline = device.roofline(during: profile)
            members["profile"] = .array(profile.rows.map { json($0, share: profile.share($0), roofline) })
            if let roofline { members["profileRoofline"] = roofline.json }
            members["hostShare"] = JSON(profile.hostShare)
            members["gapShare"] = JSON(profile.gapShare)
        }
        return .object(members)
    }

    private func append(
        _ row: Row, _ statistics: LatencyStatistics, _ device: Device, to members: inout JSON.Object
    ) {
        members["runs"] = JSON(statistics.count)
        members["milliseconds"] = [
            "p50": JSON(1000 * statistics.median), "p90": JSON(1000 * statistics.percentile(90)),
            "p99": JSON(1000 * statistics.percentile(99)), "best": JSON(1000 * statistics.best),
        ]
        members["imagesPerSecond"] = JSON(Double(row.batchSize) / statistics.median)
        members["gigaflopPerSecond"] = JSON(row.flopPerSecond(statistics) / 1e9)
        members["millisecondsPerGigaflop"] = JSON(1e12 / row.flopPerSecond(statistics))
        if let share = row.share(statistics, on: device) { members["rooflineShare"] = JSON(share) }
    }

    private func json(_ row: LaunchProfile.Row, share: Double, _ roofline: Roofline?) -> JSON {
        var members = JSON.Object([
            ("operation", JSON(row.operation.commandName)), ("kernel", JSON(row.kernel)), ("sizes", JSON(row.label)),
            ("calls", JSON(row.calls)), ("milliseconds", JSON(1000 * row.seconds)), ("share", JSON(share)),
            ("gigaflopPerSecond", JSON(row.flop / max(row.seconds, 1e-12) / 1e9)), ("bytes", JSON(row.bytes)),
            ("gigabytePerSecond", JSON(row.bytes / max(row.seconds, 1e-12) / 1e9)),
        ])
        if let attainable = row.attainableSeconds(roofline) {
            members["rooflineShare"] = JSON(attainable / max(row.seconds, 1e-12))
        }
        return .object(members)
    }
}
