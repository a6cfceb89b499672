import ArgumentParser
import Fovea
import OpenCLOperations
import Operations

/// `fovea tune`: the best kernel parameters for this device.
struct Tune: ParsableCommand, VerboseCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the kernel parameters for this device and keep them.",
        discussion: """
            Each candidate is compared with the CPU reference and then timed in turns with the best so far, on the \
            shapes of ViT-B/16 and ViT-Ti/16. What wins is compared once more, longer, with what ships, and kept if it \
            is faster by 2 % at least and by more than chance. All of it happens in a process of its own: a driver that \
            dies or hangs costs the candidate, and --verbose tells of every one. What was found is kept for this device, \
            driver and version of Fovea, and used by every command from then on; without the file that the last line \
            names, what ships is used.

            Example:
              fovea tune --operation attention
            """)

    @Option(
        help: ArgumentHelp("auto, gpu, opencl:N, or part of a device's name.", valueName: "device"),
        transform: { text in
            guard DeviceRequest(text) != nil else {
                throw ValidationError("'\(text)' is no device; there are auto, gpu, opencl:N and parts of names")
            }
            return text
        })
    var device: String?

    @Option(
        help: "Only what this operation runs under: layer-norm, linear, attention and so on.",
        transform: Operation.init(commandName:))
    var operation: [Operation] = []

    @Option(help: ArgumentHelp("Seconds after which no new candidate is tried.", valueName: "s"))
    var seconds = 900.0

    @Option(help: ArgumentHelp("Seconds after which a candidate counts as hanging.", valueName: "s"))
    var candidateSeconds = 60.0

    @Flag(help: "Tell what would be tried, and measure nothing.")
    var dryRun = false

    @Option(help: "text or json.")
    var format = ReportFormat.text

    @OptionGroup var verbosity: Verbosity

    func validate() throws {
        for (name, value) in [("--seconds", seconds), ("--candidate-seconds", candidateSeconds)] {
            guard value > 0, value <= 86400 else {
                throw ValidationError("\(name) \(value): must be above 0 and at most 86400")
            }
        }
    }

    func run() throws {
        let client = TuneWorkerClient(device.map { ["--device", $0] } ?? [], limit: .seconds(candidateSeconds))
        let greeting = try client.start()
        let rows = greeting.rows.filter { row, _ in
            operation.isEmpty || operation.contains { row.variants[$0] != nil }
        }
        var report = TuningReport(device: greeting.device.name)
        if dryRun {
            report.plan = rows
            return report.write(as: format)
        }
        guard let records = DeviceRecords.standard else {
            throw FoveaError(
                .output, code: "TUNE_PLACE", "there is no folder to keep the tuning in; set HOME or FOVEA_CACHE_DIR")
        }
        var kept = DeviceTunings(of: greeting.device, in: records) { Console.say("fovea: \($0)") }
        // Before anything is measured: nobody waits long for numbers that cannot be kept.
        try records.keep(kept, for: greeting.device)
        report.path = records.path(.tuning, for: greeting.device)
        let deadline = ContinuousClock.now + .seconds(seconds)
        for (row, shipped) in rows {
            var search = TuningSearch(row, shipped: shipped, on: client, verbosity)
            let result = try search.run(until: deadline)
            kept.values[row.name] = result.found
            try records.keep(kept, for: greeting.device)
            report.results.append(result)
        }
        report.write(as: format)
        if ContinuousClock.now >= deadline {
            verbosity.note(
                "the \(seconds.formatted(decimals: 0)) s are over before all was tried; give more --seconds")
        }
    }
}

extension DeviceRecords {
    fileprivate func keep(_ tunings: DeviceTunings, for device: DeviceIdentity) throws(FoveaError) {
        guard let problem = write(.tuning, tunings.json, for: device) else { return }
        throw FoveaError(.output, code: "TUNE_WRITE", "\(problem); set FOVEA_CACHE_DIR to a folder of your own")
    }
}
