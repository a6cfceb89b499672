import ArgumentParser
import Fovea
import Imaging
import OpenCLOperations
import VisionModels

/// The command `fovea classify`.
struct Classify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what pictures show.",
        discussion: """
            Prints the best classes of each picture with their probabilities, one row for every picture, in order. A \
            picture that cannot be read has an error in its row, and the status is then 1 (3 where none could be read).

            Examples:
              fovea classify cat.jpg
              fovea classify photos/ --model models/deit_tiny_patch16_224 --top-k 3
              find . -name '*.jpg' -print0 | fovea classify @- --null --format csv --output labels.csv
            """)

    @OptionGroup var pictures: PictureArguments

    @Option(help: ArgumentHelp("How many classes of each picture are told. (default: 5)", valueName: "n"))
    var topK: Int?

    @Option(
        help: ArgumentHelp(
            "text for people, json for one document, jsonl for an object a line, csv for a prediction a line.",
            valueName: "format"))
    var format = ClassificationFormat.text

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "File for the rows instead of standard output; it appears whole or not at all.", valueName: "file"))
    var output: String?

    @Flag(help: "Go on with the rows that an interrupted run has left in FILE.partial; for jsonl and csv.")
    var resume = false

    @OptionGroup var overwrite: OverwriteOption
    @OptionGroup var batch: BatchOption
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Preprocessing, in place of the model's own") var preprocessing: PictureOptions
    @OptionGroup(title: "Device") var device: DeviceOptions
    @OptionGroup var verbosity: Verbosity

    func validate() throws {
        if let topK, topK < 1 { throw ValidationError("--top-k \(topK): must be from 1 to the number of classes") }
        if resume, output == nil { throw ValidationError("--resume needs the --output of the interrupted run") }
        if resume, !format.isResumable {
            throw ValidationError("--resume needs --format jsonl or csv, whose rows can be told apart")
        }
    }

    func run() async throws {
        var inputs = try PictureInputs(pictures, fileLimit: preprocessing.decoding.maximumFileBytes)
        let stream = try ResultStream(output, overwrite, format, resumes: resume)
        try inputs.skip(stream.earlier?.names ?? [])
        let shard = inputs.shard
        let files = try model.files(quiet: verbosity.quiet)
        let reader = PictureReader(
            try files.preprocessing(preprocessing.preprocessing), decoding: preprocessing.decoding)
        let feed = PictureFeed(inputs, through: reader, batchSize: batch.batchSize)
        let classifier = try loadClassifier(files, reader)
        let facts = ClassificationFormat.Facts(
            model: files.name, device: classifier.deviceName, precision: device.precision.resolved)
        var tally = Tally()
        if let earlier = stream.earlier {
            tally.resume(earlier.names.count, failures: earlier.failures)
            verbosity.note("\(earlier.names.count) pictures already have their rows")
        }
        try await write(feed, through: classifier, to: stream, facts, shard, &tally)
        try stream.finish()
        try tally.conclude()
    }

    private func loadClassifier(_ files: ModelFiles, _ reader: PictureReader) throws -> Classifier {
        let start = ContinuousClock.now
        let opened = try files.open(model.overrides(inputSize: preprocessing.inputSize))
        var options = SessionOptions()
        options.backend.precision = device.precision.computed
        options.report = { Console.say("fovea: \($0)") }
        options.allowsNonFinite = model.allowNonfinite
        let classifier = try Classifier(
            opened, reading: reader, labels: model.labels, top: topK,
            on: { try device.resolve(verbose: verbosity.verbose) }, options: options)
        let seconds = ((ContinuousClock.now - start) / .seconds(1)).formatted(decimals: 2)
        verbosity.detail("\(files.name) (\(opened.configuration.architecture)) was ready after \(seconds) s")
        return classifier
    }

    /// Writes a row for each picture as soon as its batch is computed, so that memory does not grow with their number.
    private func write(
        _ feed: PictureFeed, through classifier: Classifier, to stream: ResultStream,
        _ facts: ClassificationFormat.Facts, _ shard: Shard, _ tally: inout Tally
    ) async throws {
        var isBegun = (stream.earlier?.byteCount ?? 0) > 0
        var progress = Progress("pictures", isShown: !verbosity.quiet && !stream.isTerminal)
        while let entries = try await feed.next() {
            if !isBegun { try stream.write(format.beginning(facts)) }
            isBegun = true
            for entry in entries {
                if case .success(let picture) = entry.result {
                    for note in picture.notes { verbosity.detail("\(entry.name): \(note)") }
                }
            }
            for row in try classifier.rows(for: entries) {
                try stream.write(format.text(of: row, at: tally.count))
                switch row.outcome {
                case .success: tally.succeed()
                case .failure(let error):
                    progress.erase()
                    tally.fail(error)
                }
            }
            progress.advance(by: entries.count)
        }
        try tally.checkFound(shard)
        if !isBegun { try stream.write(format.beginning(facts)) }
        try stream.write(format.end(count: tally.count))
        verbosity.detail("\(tally.count) pictures, \(progress.rate) a second, decoding included")
    }
}
