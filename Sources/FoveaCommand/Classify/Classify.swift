import ArgumentParser
import Fovea
import Operations

/// The command `fovea classify`.
struct Classify: AsyncParsableCommand, PictureModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what pictures show.",
        discussion: """
            Prints the best classes of each picture with their probabilities, one row for every picture, in order. A \
            picture that cannot be read has an error in its row, and the status is then 1 (3 where none could be read).

            Examples:
              fovea classify cat.jpg
              fovea classify photos/ --model models/deit_tiny_patch16_224 --top-k 3
              find . -name '*.jpg' -print0 | fovea classify @- --null --output labels.csv
            """)

    @OptionGroup var pictures: PictureArguments

    @Option(help: ArgumentHelp("How many classes of each picture are told. (default: 5)", valueName: "n"))
    var topK: Int?

    @Option(
        help: ArgumentHelp(
            "text for people, json for one document, jsonl for an object a line, csv for a prediction a line. (default: "
                + "what the name of --output ends with, else text)",
            valueName: "format"))
    var format: ClassificationFormat?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "File for the rows instead of standard output, which is -; it appears whole or not at all.",
            valueName: "file"))
    var output: String?

    @Flag(
        help: """
            Go on with the rows that an interrupted run of the same command has left in FILE.partial; for jsonl and csv. \
            Without it they are replaced only with --overwrite.
            """
    )
    var resume = false

    @OptionGroup var failFast: FailFastOption
    @OptionGroup var overwrite: OverwriteOption
    @OptionGroup var options: PictureModelOptions

    func validate() throws {
        if let topK { try Self.check(topK: topK) }
        if resume, path == nil { throw ValidationError("--resume needs the --output of the interrupted run") }
        if resume, !rowFormat.isResumable {
            throw ValidationError("--resume needs --format jsonl or csv, whose rows can be told apart")
        }
    }

    /// Where the rows go; nil for standard output.
    private var path: String? { output == "-" ? nil : output }

    private var rowFormat: ClassificationFormat { format ?? path.flatMap(ClassificationFormat.init(of:)) ?? .text }

    /// Throws a usage error for a number of classes that no model has.
    static func check(topK: Int) throws {
        guard topK >= 1 else { throw ValidationError("--top-k \(topK): must be from 1 to the number of classes") }
    }

    func run() async throws {
        let format = rowFormat
        var inputs = try PictureInputs(pictures, fileLimit: options.preprocessing.fileLimit)
        let begun = RunRecord(of: "classify", [("--format", format.rawValue)])
        let stream = try ResultStream(path, overwrite, format, begun, resumes: resume, passing: &inputs)
        let shard = inputs.shard
        let (opened, reader) = try options.open()
        let classifier = try options.load(opened, reader) { opened, model in
            try Classifier(opened, labels: options.model.labels, top: topK, onDevice: model)
        }
        let facts = ClassificationFormat.Facts(
            model: opened.files.name, device: classifier.model.deviceName,
            precision: classifier.model.precision.rawValue)
        let run = RunRecord(of: "classify", [("--format", format.rawValue), ("--top-k", String(classifier.topCount))])
        try stream.begin(options.verbosity) { () throws(FoveaError) in try run.adding(classifier.model, options) }
        let writer = RowWriter(
            format: format, facts: facts, stream: stream, failFast: failFast, verbosity: options.verbosity)
        let feed = PictureFeed(inputs, through: reader, batchSize: options.batchSize(of: classifier.model))
        let batches = BatchPipeline(feed, batchCount: classifier.model.batchCount, compute: classifier.rows)
        try await writer.write(batches, of: shard, total: { pictures.count(in: shard) })
    }
}
