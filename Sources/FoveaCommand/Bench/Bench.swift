import ArgumentParser
import Checkpoints
import Fovea
import VisionModels

/// `fovea bench`: how fast a model is on a device.
struct Bench: ParsableCommand, VerboseCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time a model: latency, images a second, and where the time goes.",
        discussion: """
            A run takes random pictures as bytes in host memory to logits in host memory. Percentiles are by nearest \
            rank. GFLOP/s counts the products that a pass does, a multiply-add as two: what nothing reads of the last \
            block is left out, which the total of fovea summary counts. With --versus both devices run in \
            turns.

            Each run is waited for, and images/s is what its median gives. Where the device takes the next batch before \
            it has answered the last, as a GPU with memory of its own does, stream/s is what a stream of batches gets: \
            two under way, the mean over as many runs or seconds again.

            The roofline is what the device can do at most: its rate of multiply-adds, and bytes a second from memory, \
            both measured on it once and kept until a run does more. A share of it says how much is left to gain; with \
            --profile that of each kernel is of the lower of the two ceilings for its operations and bytes, and passes \
            100 % where caches hold what it reads. There the rate of multiply-adds is measured again after each run, for \
            clocks change, and the median counts (profileRoofline in JSON). Products by matrix instructions are measured against none.

            Examples:
              fovea bench --random vit_base_patch16_224 --batch-size 1,8 --profile
              fovea bench --random vit_tiny_patch16_224 --depth 2,6,12 --output depth.svg
            """)

    @OptionGroup var deviceOptions: DeviceOptions
    @OptionGroup var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("In place of a model, random weights of this timm architecture.", valueName: "name"))
    var random: String?

    @Option(help: ArgumentHelp("Pictures in a run, separated by commas. (default: 1)", valueName: "n,…"))
    var batchSize: CommaSeparated<Int>?

    @Option(
        help: ArgumentHelp(
            "Size the model sees, as 224 or HEIGHTxWIDTH; several, separated by commas, with --random.",
            valueName: "HxW,…"))
    var inputSize: CommaSeparated<InputSize>?

    @Option(
        help: ArgumentHelp("Blocks of the model in place of its own number, with --random.", valueName: "n,…"))
    var depth: CommaSeparated<Int>?

    @Option(
        help: ArgumentHelp(
            "Array to run on in place of random pictures, as fovea run reads it; gives batch and input size.",
            valueName: "X.npy"))
    var input: String?

    @Option(help: ArgumentHelp("Runs that are measured, in place of --seconds.", valueName: "n"))
    var iterations: Int?

    @Option(help: ArgumentHelp("Seconds to measure each row, five runs at least.", valueName: "s"))
    var seconds = 3.0

    @Option(help: ArgumentHelp("Runs before measuring.", valueName: "n"))
    var warmUp = 2

    @Flag(help: "Also tell the time of each kernel.")
    var profile = false

    @Option(help: ArgumentHelp("A second device to run in turns with the first, such as cpu.", valueName: "device"))
    var versus: DeviceRequest?

    @Flag(help: "Measure the roofline again rather than take the one that was kept.")
    var refreshRoofline = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Also draw the result: time an image and GFLOP/s over what varies.", valueName: "chart.svg"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Also write when host and device did what in three passes, for chrome://tracing and ui.perfetto.dev.",
            valueName: "trace.json"))
    var trace: String?

    @OptionGroup var overwrite: OverwriteOption

    @Option(help: "text or json.")
    var format = ReportFormat.text

    @Flag(
        help: ArgumentHelp(
            "Run once for every line of standard input.",
            discussion:
                "Prints {\"ready\": true} after the warm-up, then {\"seconds\": …} for each run, one a line. For "
                + "programs that measure several engines in turns."))
    var onDemand = false

    @OptionGroup var verbosity: Verbosity

    func validate() throws {
        if random != nil, modelOptions.model != nil { throw ValidationError("give --model or --random, not both") }
        if let iterations, iterations < 1 { throw ValidationError("--iterations \(iterations): must be at least 1") }
        guard seconds > 0, seconds <= 86400 else {
            throw ValidationError("--seconds \(seconds): must be above 0 and at most 86400")
        }
        try OutputName.check(output, option: "--output", endsWith: ".svg")
        try OutputName.check(trace, option: "--trace", endsWith: ".json")
        try inputSize?.values.forEach { try $0.checkSides() }
        if warmUp < 0 { throw ValidationError("--warm-up \(warmUp): must not be negative") }
        try Self.check(batchSize, "--batch-size", upTo: 4096)
        try Self.check(depth, "--depth", upTo: 256)
        if random == nil, depth != nil || (inputSize?.values.count ?? 1) > 1 {
            throw ValidationError("--depth and several values of --input-size need --random: a file has its own")
        }
        if input != nil, batchSize != nil || inputSize != nil {
            throw ValidationError("--input gives the batch and the input size; leave out --batch-size and --input-size")
        }
        let rows = (batchSize?.values.count ?? 1) * (inputSize?.values.count ?? 1) * (depth?.values.count ?? 1)
        if onDemand, profile || versus != nil || output != nil || trace != nil || rows > 1 {
            throw ValidationError(
                "--on-demand runs one model and batch size on one device, without --profile, --output and --trace")
        }
    }

    func run() throws {
        let device = try deviceOptions.resolveOne("bench measures")
        if profile || trace != nil, case .reference = device {
            throw ValidationError("--profile and --trace need an OpenCL device; \(device.name) has no kernels")
        }
        let rival = try versus.map { (request: DeviceRequest) throws(FoveaError) -> ComputeDevice in
            try request.checkNamesOne("bench measures")
            let rival = try ComputeDevice(request) { Console.say("fovea: \($0)") }
            try deviceOptions.precision?.check(on: rival)
            return rival
        }
        let array = try input.map { path throws(FoveaError) in try InputArray(contentsOf: path) }
        if onDemand {
            let session = try open(models[0], array).session(on: device, options: sessionOptions)
            verbosity.detail(device: session.deviceName, session.precision)
            return try serve(benchmark(session, array, batchSize: batchSizes(array)[0]))
        }
        let (chartFile, traceFile) = (
            try output.map { try overwrite.create($0) }, try trace.map { try overwrite.create($0) }
        )
        let report = try measure(on: device, versus: rival, array)
        if let chartFile {
            try chartFile.write(report.chart)
            try chartFile.commit()
        }
        if let traceFile {
            try traceFile.write(try passes(on: device, array).json.text() + "\n")
            try traceFile.commit()
        }
        switch format {
        case .text: Console.write(report.text)
        case .json: Console.write(report.json.text(.pretty) + "\n")
        }
    }

    private static func check(_ list: CommaSeparated<Int>?, _ option: String, upTo limit: Int) throws {
        guard let wrong = list?.values.first(where: { !(1...limit).contains($0) }) else { return }
        throw ValidationError("\(option) \(wrong): must be from 1 to \(limit)")
    }
}
