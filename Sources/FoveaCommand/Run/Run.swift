import ArgumentParser
import Checkpoints
import Fovea
import Imaging
import Operations
import VisionModels

/// The command `fovea run`.
struct Run: ParsableCommand, VerboseCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a model on an array of numbers.",
        discussion: """
            Reads a NumPy array and writes one: exactly what the model computes, for comparing it with other programs. \
            The input is float32 [B, 3, H, W], already normalized, or uint8 [B, H, W, 3], pictures of the model's size \
            that are normalized as the model wants it.

            Output by kind:
              logits, probabilities   [B, classes]
              embedding               [B, D], what the classifier reads, or [B, E] behind a projection
              pooled                  [B, D], before any projection
              tokens                  [B, T, D], the last hidden state
              layer:N                 [B, T, D] after block N; 0 is before the first
              layer:N,M,…             [L, B, T, D]
              attention:N             [B, H, T, T], the weights of block N by head, query and key
              attention:N,M,…:H,…     [L, B, R, T, T] of some heads; :mean for their mean, [L, B, 1, T, T]
              attention:pool          [B, H, 1, T], of the attention that pools the tokens

            Example:
              fovea run --model models/deit_tiny_patch16_224 --input x.npy --output logits.npy
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("Array to read.", valueName: "X.npy"))
    var input: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Array to write, float32; it appears whole or not at all.", valueName: "Y.npy"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "logits, probabilities, embedding, pooled, tokens, layer:N[,N…] or attention:N[,N…][:H[,H…]]. (default: "
                + "logits, or embedding where the model has no head)", valueName: "kind"))
    var kind: OutputKind?

    @OptionGroup var overwrite: OverwriteOption
    @OptionGroup var batch: BatchOption
    @OptionGroup var verbosity: Verbosity
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Normalization of uint8 pictures, in place of the model's own")
    var normalization: NormalizationOptions
    @OptionGroup(title: "Device") var device: DeviceOptions

    func validate() throws { try OutputName.check(output, option: "--output", endsWith: ".npy") }

    func run() throws {
        let tensor = try InputArray(contentsOf: input)
        let files = try model.files(quiet: verbosity.quiet)
        let opened = try tensor.open(files, model, path: input)
        let kind = kind ?? (opened.configuration.classes == nil ? .embedding : .logits)
        try kind.check(against: opened.configuration)
        let normalization = try tensor.isNormalized ? nil : normalization(of: opened)
        let file = try overwrite.create(output)
        let session = try opened.session(
            on: device.resolve(), options: device.sessionOptions(for: model, inPrecision: .exactly(.float32)))
        verbosity.detail(device: session.deviceName, session.precision)
        var result = OutputArray(file, kind: kind, pictures: tensor.count)
        var progress = Progress("pictures", isShown: !verbosity.quiet)
        let batchSize = batch.batchSize ?? session.usualBatchSize
        for start in stride(from: 0, to: tensor.count, by: batchSize) {
            let range = start..<min(start + batchSize, tensor.count)
            try result.append(session.run(tensor.input(range, normalization), kind), at: start)
            progress.advance(by: range.count)
        }
        try result.finish()
        verbosity.detail("\(output): float32 \(result.shape), \(progress.rate) pictures a second")
        try result.conclude()
    }

    /// The user's, or the model's own.
    private func normalization(of opened: OpenedModel) throws(FoveaError) -> Operations.Normalization {
        if let mean = normalization.mean, let std = normalization.std {
            do {
                let given = try PixelNormalization(mean: mean.values, deviation: std.values)
                return PictureReader(Preprocessing(steps: [], normalization: given)).normalization
            } catch {
                throw FoveaError(error, category: .usage)
            }
        }
        var options = PreprocessingOptions()
        (options.mean, options.deviation) = (normalization.mean?.values, normalization.std?.values)
        // These pictures have their size: what is done before does not matter, and need not be known.
        (options.mode, options.inputSize) = (.letterbox, InputSize(height: 1, width: 1))
        return PictureReader(try opened.files.preprocessing(options, of: opened)).normalization
    }
}

extension OutputKind: ExpressibleByArgument {
    /// Reads a kind as the command line names it.
    public init?(argument: String) { self.init(argument) }
}
