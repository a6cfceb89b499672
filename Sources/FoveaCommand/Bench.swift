import ArgumentParser
import Checkpoints
import Fovea
import OpenCLOperations
import VisionModels

/// `fovea bench`: how fast a model is on a device.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times a model: latency, images a second, and where the time goes.",
        discussion: """
            A run takes random pictures as bytes in host memory to logits in host memory. Percentiles are by nearest \
            rank. GFLOP/s counts the products of the model, a multiply-add as two. With --versus both devices run in \
            turns.

            Example: fovea bench --random vit_base_patch16_224 --batch-size 1,8 --profile
            """)

    @OptionGroup var deviceOptions: DeviceOptions
    @OptionGroup var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("In place of a model, random weights of this timm architecture.", valueName: "name"))
    var random: String?

    @Option(help: ArgumentHelp("Size the model sees, as 224 or HEIGHTxWIDTH.", valueName: "HxW"))
    var inputSize: InputSize?

    @Option(help: ArgumentHelp("Pictures in a run, separated by commas.", valueName: "n,…"))
    var batchSize = BatchSizes(values: [1])

    @Option(help: ArgumentHelp("Runs that are measured, in place of --seconds.", valueName: "n"))
    var iterations: Int?

    @Option(help: ArgumentHelp("Seconds to measure each batch size, five runs at least.", valueName: "s"))
    var seconds = 3.0

    @Option(help: ArgumentHelp("Runs before measuring.", valueName: "n"))
    var warmUp = 2

    @Flag(help: "Also tell the time of each kernel.")
    var profile = false

    @Option(help: ArgumentHelp("A second device to run in turns with the first, such as cpu.", valueName: "device"))
    var versus: DeviceRequest?

    @Option(help: "text or json.")
    var format = ReportFormat.text

    @Flag(help: "Say on which device, and tell the long story of errors.")
    var verbose = false

    func validate() throws {
        if random != nil, modelOptions.model != nil { throw ValidationError("give --model or --random, not both") }
        if let iterations, iterations < 1 { throw ValidationError("--iterations \(iterations): must be at least 1") }
        guard seconds > 0, seconds <= 86400 else {
            throw ValidationError("--seconds \(seconds): must be above 0 and at most 86400")
        }
        if warmUp < 0 { throw ValidationError("--warm-up \(warmUp): must not be negative") }
    }

    func run() throws {
        let device = try deviceOptions.resolve(verbose: verbose)
        if profile, case .reference = device {
            throw ValidationError("--profile needs an OpenCL device; \(device.name) has no kernels")
        }
        let rival = try versus.map { request throws(FoveaError) in
            try ComputeDevice(request) { Console.say("fovea: \($0)") }
        }
        let files = try random.map { name throws(FoveaError) in try ModelFiles.random(name) } ?? modelOptions.files()
        let opened = try files.open(modelOptions.overrides(inputSize: inputSize))
        var report = BenchmarkReport(
            model: opened.files.name, configuration: opened.configuration, device: device.name,
            rival: rival?.name, precision: deviceOptions.precision.resolved)
        try measure(opened, on: device, versus: rival, into: &report)
        if profile { try profile(opened, on: device, into: &report) }
        switch format {
        case .text: Console.write(report.text)
        case .json: Console.write(report.json.text(.pretty) + "\n")
        }
    }

    private var limit: ModelBenchmark.Limit { iterations.map { .iterations($0) } ?? .seconds(seconds) }

    private func measure(
        _ opened: OpenedModel, on device: ComputeDevice, versus rival: ComputeDevice?,
        into report: inout BenchmarkReport
    ) throws {
        let start = ContinuousClock.now
        let session = try opened.session(on: device, options: sessionOptions)
        report.loadSeconds = start.duration(to: .now) / .seconds(1)
        let rivalSession = try rival.map { rival throws(FoveaError) in
            try opened.session(on: rival, options: sessionOptions)
        }
        for size in batchSize.values {
            let benchmark = ModelBenchmark(session, batchSize: size)
            if report.firstRunSeconds == nil { report.firstRunSeconds = try benchmark.run() / .seconds(1) }
            guard let rivalSession else {
                report.rows.append(.init(batchSize: size, own: try benchmark.measure(limit, warmUp: warmUp)))
                continue
            }
            let measured = try benchmark.measure(
                against: ModelBenchmark(rivalSession, batchSize: size), limit, warmUp: warmUp)
            report.rows.append(.init(batchSize: size, own: measured.own, rival: measured.other))
        }
    }

    /// Profiles on a session of its own, because events cost time that plain runs do not pay.
    private func profile(_ opened: OpenedModel, on device: ComputeDevice, into report: inout BenchmarkReport) throws {
        var options = sessionOptions
        options.backend.profiles = true
        let session = try opened.session(on: device, options: options)
        for (index, row) in report.rows.enumerated() {
            report.rows[index].profile = try ModelBenchmark(session, batchSize: row.batchSize).profile(
                runs: min(row.own.count, 10), warmUp: max(warmUp, 1))
        }
    }

    private var sessionOptions: SessionOptions {
        var options = SessionOptions()
        options.allowsNonFinite = modelOptions.allowNonfinite
        return options
    }
}

/// Batch sizes as the command line gives them: `1,8,32`.
struct BatchSizes: ExpressibleByArgument {
    let values: [Int]

    private static let largest = 4096

    init(values: [Int]) { self.values = values }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        let sizes = parts.compactMap { $0 }
        guard sizes.count == parts.count, sizes.allSatisfy((1...Self.largest).contains) else { return nil }
        values = sizes
    }

    /// As it is written.
    var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}
