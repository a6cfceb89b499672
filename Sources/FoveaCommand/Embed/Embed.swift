import ArgumentParser
import Fovea

/// The command `fovea embed`.
struct Embed: AsyncParsableCommand, PictureModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Describe pictures by vectors.",
        discussion: """
            Writes the embedding of each picture, what the model's classifier reads, or its projection for a model that \
            compares pictures with texts: one row for every picture, in order. The file's name says the format:

              .npy    float32 [n, D]; a picture that failed is a row of NaN, and standard error names it
              .csv    input,e0,…,error with a header
              .jsonl  {"input": …, "embedding": […]} or {"input": …, "error": …, "code": …}

            Rows grow in FILE.partial, which is renamed at the end. With .npy the names of the pictures grow in \
            FILE.partial.names, so that --resume knows that the same pictures are named; a row that was torn is dropped. \
            FILE.partial.run notes the command, for --resume goes on with no other.

            Examples:
              fovea embed photos/ --model models/deit_tiny_patch16_224 --output vectors.npy
              find . -name '*.jpg' -print0 | fovea embed @- --null --normalize --output vectors.jsonl
            """)

    @OptionGroup var pictures: PictureArguments

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "File for the rows, .npy, .csv or .jsonl; it appears whole or not at all.", valueName: "file"))
    var output: String

    @Flag(help: "Scale each vector to length 1; one of length 0 stays as it is.")
    var normalize = false

    @Flag(
        help: """
            Go on with the rows that an interrupted run of the same command has left in FILE.partial. Without it they are \
            replaced only with --overwrite.
            """
    )
    var resume = false

    @OptionGroup var failFast: FailFastOption
    @OptionGroup var overwrite: OverwriteOption
    @OptionGroup var options: PictureModelOptions

    func validate() throws { _ = try format() }

    func run() async throws {
        let format = try format()
        var inputs = try PictureInputs(pictures, fileLimit: options.preprocessing.fileLimit)
        let run = RunRecord(of: "embed", [("--normalize", normalize ? "given" : nil)])
        let stream = try ResultStream(output, overwrite, format, run, resumes: resume, passing: &inputs)
        let shard = inputs.shard
        let (opened, reader) = try options.open()
        let embedder = try options.load(opened, reader) { opened, model in
            try Embedder(opened, normalizes: normalize, onDevice: model)
        }
        try stream.earlier?.check(width: embedder.width)
        try stream.begin(options.verbosity) { () throws(FoveaError) in try run.adding(embedder.model, options) }
        let writer = RowWriter(
            format: format, facts: embedder.width, stream: stream, failFast: failFast, verbosity: options.verbosity)
        let feed = PictureFeed(inputs, through: reader, batchSize: options.batchSize(of: embedder.model))
        let batches = BatchPipeline(feed, batchCount: embedder.model.batchCount, compute: embedder.rows)
        try await writer.write(batches, of: shard, total: { pictures.count(in: shard) })
    }

    private func format() throws -> EmbeddingFormat {
        guard let format = EmbeddingFormat(of: output) else {
            throw ValidationError("--output \(output): must end with .npy, .csv or .jsonl, which says the format")
        }
        return format
    }
}
