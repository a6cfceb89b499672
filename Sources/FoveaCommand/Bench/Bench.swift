import ArgumentParser
import Checkpoints
import Fovea
import OpenCLOperations
import Operations
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

    @Option(help: ArgumentHelp("Pictures in a run, separated by commas. (default: 1)", valueName: "n,…"))
    var batchSize: BatchSizes?

    @Option(
        help: ArgumentHelp(
            "Array to run on in place of random pictures, as fovea run reads it; gives batch and input size.",
            valueName: "X.npy"))
    var input: String?

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

    @Flag(
        help: ArgumentHelp(
            "Run once for every line of standard input.",
            discussion:
                "Prints {\"ready\": true} after the warm-up, then {\"seconds\": …} for each run, one a line. For "
                + "programs that measure several engines in turns."))
    var onDemand = false

    @Flag(help: "Say on which device, and tell the long story of errors.")
    var verbose = false

    func validate() throws {
        if random != nil, modelOptions.model != nil { throw ValidationError("give --model or --random, not both") }
        if let iterations, iterations < 1 { throw ValidationError("--iterations \(iterations): must be at least 1") }
        guard seconds > 0, seconds <= 86400 else {
            throw ValidationError("--seconds \(seconds): must be above 0 and at most 86400")
        }
        if input != nil, batchSize != nil || inputSize != nil {
            throw ValidationError("--input gives the batch and the input size; leave out --batch-size and --input-size")
        }
        if onDemand, profile || versus != nil || (batchSize?.values.count ?? 1) > 1 {
            throw ValidationError("--on-demand runs one batch size on one device, without --profile and --versus")
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
        let array = try input.map { path throws(FoveaError) in try InputArray(contentsOf: path) }
        let opened =
            try array?.open(files, modelOptions, path: input ?? "")
            ?? files.open(modelOptions.overrides(inputSize: inputSize))
        if onDemand {
            let session = try opened.session(on: device, options: sessionOptions)
            return try serve(benchmark(session, array, batchSize: batchSizes(array)[0]))
        }
        var report = BenchmarkReport(
            model: opened.files.name, configuration: opened.configuration, device: device.name,
            rival: rival?.name, precision: deviceOptions.precision.resolved)
        try measure(opened, array, on: device, versus: rival, into: &report)
        if profile { try profile(opened, array, on: device, into: &report) }
        switch format {
        case .text: Console.write(report.text)
        case .json: Console.write(report.json.text(.pretty) + "\n")
        }
    }

    private var limit: ModelBenchmark.Limit { iterations.map { .iterations($0) } ?? .seconds(seconds) }

    private func measure(
        _ opened: OpenedModel, _ array: InputArray?, on device: ComputeDevice, versus rival: ComputeDevice?,
        into report: inout BenchmarkReport
    ) throws {
        let start = ContinuousClock.now
        let session = try opened.session(on: device, options: sessionOptions)
        report.loadSeconds = start.duration(to: .now) / .seconds(1)
        let rivalSession = try rival.map { rival throws(FoveaError) in
            try opened.session(on: rival, options: sessionOptions)
        }
        for size in batchSizes(array) {
            let benchmark = benchmark(session, array, batchSize: size)
            if report.firstRunSeconds == nil { report.firstRunSeconds = try benchmark.run() / .seconds(1) }
            guard let rivalSession else {
                report.rows.append(.init(batchSize: size, own: try benchmark.measure(limit, warmUp: warmUp)))
                continue
            }
            let measured = try benchmark.measure(
                against: self.benchmark(rivalSession, array, batchSize: size), limit, warmUp: warmUp)
            report.rows.append(.init(batchSize: size, own: measured.own, rival: measured.other))
        }
    }

    /// Profiles on a session of its own, because events cost time that plain runs do not pay.
    private func profile(
        _ opened: OpenedModel, _ array: InputArray?, on device: ComputeDevice, into report: inout BenchmarkReport
    ) throws {
        var options = sessionOptions
        options.backend.profiles = true
        let session = try opened.session(on: device, options: options)
        for (index, row) in report.rows.enumerated() {
            report.rows[index].profile = try benchmark(session, array, batchSize: row.batchSize).profile(
                runs: min(row.own.count, 10), warmUp: max(warmUp, 1))
        }
    }

    private func batchSizes(_ array: InputArray?) -> [Int] { array.map { [$0.count] } ?? batchSize?.values ?? [1] }

    /// What is timed: the array that was given, or random pictures.
    private func benchmark(
        _ session: any InferenceSession, _ array: InputArray?, batchSize: Int
    ) -> ModelBenchmark {
        guard let array else { return ModelBenchmark(session, batchSize: batchSize) }
        return ModelBenchmark(session, array.input(0..<array.count, .halves))
    }

    private var sessionOptions: SessionOptions {
        var options = SessionOptions()
        options.allowsNonFinite = modelOptions.allowNonfinite
        return options
    }
}
