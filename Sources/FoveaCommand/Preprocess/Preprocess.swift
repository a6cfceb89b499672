import ArgumentParser
import Checkpoints
import Fovea
import Imaging

/// The command `fovea preprocess`.
struct Preprocess: ParsableCommand, VerboseCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the model would see.",
        discussion: """
            Takes pictures through the model's recipe (decode, turn upright, resize, crop, normalize) without running \
            the model; only its configuration is read, no weights where there is one. A picture that cannot be read is a row \
            of NaN; where none can be read, nothing is written.

            Examples:
              fovea preprocess cat.jpg --model models/deit_tiny_patch16_224 --explain
              fovea preprocess cat.jpg --model models/deit_tiny_patch16_224 --picture crop.png
              fovea preprocess photos/ --model models/deit_tiny_patch16_224 --output x.npy
            """)

    @OptionGroup var pictures: PictureArguments

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Array for the pictures as the model reads them, float32 [B, 3, H, W].", valueName: "X.npy"))
    var output: String?

    @Option(
        help: ArgumentHelp("PNG for the one picture given, as it is before it is normalized.", valueName: "crop.png"))
    var picture: String?

    @Flag(help: "Tell each step, the size after it, and where it came from.")
    var explain = false

    @OptionGroup var failFast: FailFastOption
    @OptionGroup var overwrite: OverwriteOption
    @OptionGroup var verbosity: Verbosity
    @OptionGroup var model: ModelLocationOption
    @OptionGroup(title: "Preprocessing, in place of the model's own") var preprocessing: PictureOptions

    func validate() throws {
        guard output != nil || picture != nil || explain else {
            throw ValidationError("say what to do with the pictures: --output X.npy, --picture crop.png or --explain")
        }
        try OutputName.check(output, option: "--output", endsWith: ".npy")
        try OutputName.check(picture, option: "--picture", endsWith: ".png")
    }

    func run() throws {
        var inputs = try PictureInputs(pictures, fileLimit: preprocessing.fileLimit)
        // An array tells its length first, so all pictures are named before the first is read.
        let sources = try inputs.all()
        if picture != nil, sources.count > 1 {
            throw ValidationError("--picture takes one picture, and \(sources.count) were named")
        }
        let files = try model.files(quiet: verbosity.quiet)
        let options = preprocessing.preprocessing
        let reader = PictureReader(try files.preprocessing(options), decoding: preprocessing.decoding)
        var outputs = try PreprocessedOutputs(
            array: output.map { try PictureArray(overwrite.create($0), pictures: sources.count) },
            crop: picture.map { try overwrite.create($0) },
            explanation: explain ? Explanation(reader, normalizationSource: files.normalizationSource(options)) : nil,
            normalization: reader.preprocessing.normalization)
        let tally = try write(sources, through: reader, to: &outputs)
        try tally.checkFound(inputs.shard)
        if tally.failures < tally.count { try outputs.finish() }
        try tally.conclude()
    }

    /// Reads pictures some at a time, on all cores, and writes them in order.
    private func write(
        _ sources: [PictureSource], through reader: PictureReader, to outputs: inout PreprocessedOutputs
    ) throws -> Tally {
        var tally = Tally(failFast)
        var progress = Progress("pictures", isShown: !verbosity.quiet && !(explain && Console.outputIsTerminal))
        for start in stride(from: 0, to: sources.count, by: Self.batchSize) {
            let batch = Array(sources[start..<min(start + Self.batchSize, sources.count)])
            for (source, result) in zip(batch, reader.prepare(batch)) {
                try tally.count(outputs.append(result, name: source.name), &progress)
            }
            progress.advance(by: batch.count)
        }
        return tally
    }

    /// Pictures that are decoded at a time.
    private static let batchSize = 32
}
