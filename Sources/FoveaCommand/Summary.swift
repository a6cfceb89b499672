import ArgumentParser
import Checkpoints
import Fovea
import Operations
import VisionModels

/// `fovea summary`: what a model is and what it costs, without running it.
struct Summary: ParsableCommand, VerboseCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a model's sizes, parameters, work per picture and memory.",
        discussion: "Needs no device.\n\nExample:\n  fovea summary --model models/deit_tiny_patch16_224")

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var pictureOptions: PictureOptions

    @Option(help: ArgumentHelp("In place of a model, random weights of this timm architecture.", valueName: "name"))
    var random: String?

    @Option(help: "text or json.")
    var format = ReportFormat.text

    @OptionGroup var verbosity: Verbosity

    func run() throws {
        let files =
            try random.map { name throws(FoveaError) in try ModelFiles.random(name) }
            ?? modelOptions.files(quiet: verbosity.quiet)
        // Without a recipe the model is summed up all the same.
        let prepared = try? files.open(modelOptions.overrides, preparing: pictureOptions.preprocessing)
        let opened = try prepared?.model ?? files.open(modelOptions.overrides(inputSize: pictureOptions.inputSize))
        let summary = ModelSummary(
            opened, preprocessing: prepared?.preprocessing, labels: try opened.labels(from: modelOptions.labels))
        switch format {
        case .text: Console.write(summary.text)
        case .json: Console.write(summary.json.text(.pretty) + "\n")
        }
    }

    func validate() throws {
        if random != nil, modelOptions.model != nil { throw ValidationError("give --model or --random, not both") }
    }
}

extension ModelSummary {
    private static let batchSizes = [1, 8]

    fileprivate var text: String {
        let (model, work) = (configuration, configuration.work)
        let share = { (part: Double) in
            "\((part / 1e9).formatted(decimals: 3)) (\((100 * part / work.total).formatted(decimals: 1)) %)"
        }
        let memory = Self.batchSizes.map { size in
            "\((weightBytes + activationBytes(batchSize: size)).asBytes) at batch \(size)"
        }
        return """
            \(name)
              architecture   \(model.architecture)
              input          \(model.inputDescription) pixels in patches of \(model.patchSide)
              tokens         \(model.tokenCount): \(model.prefixCount) in front, \(model.patchCount) patches
              blocks         \(model.depth) of width \(model.width), \(model.heads.counted("head")) of \(model.headWidth), \
            MLP \(model.hiddenWidth) with \(model.activation.rawValue)
              readout        \(model.readoutPhrase)
              parameters     \(parameterCount.grouped), \(storedBytes.asBytes) in the file
              GFLOP/image    \((work.total / 1e9).formatted(decimals: 3)), a multiply-add counted as two\(passPhrase)
                embedding    \(share(work.embedding))
                attention    \(share(work.attention))
                linear       \(share(work.linear))
                head         \(share(work.head))
              memory         \(memory.joined(separator: ", ")), of which weights \(weightBytes.asBytes)
              labels         \(labelPhrase)
              preprocessing  \(preprocessing?.sentence ?? "the model's files do not say it")

            """
    }

    /// What bench counts, where that is less.
    private var passPhrase: String {
        let (all, done) = (configuration.flop, configuration.passFlop)
        return done < all
            ? "; a pass does \((done / 1e9).formatted(decimals: 3)), only what is read of the last block" : ""
    }

    private var labelPhrase: String {
        guard let labels else { return configuration.classes == nil ? "no head" : "none" }
        func phrase(_ label: Labels.Label?) -> String { label.map { $0.description ?? $0.name } ?? "" }
        return "\(labels.count), from \(phrase(labels[0])) to \(phrase(labels[labels.count - 1]))"
    }

    fileprivate var json: JSON {
        let (model, work) = (configuration, configuration.work)
        return [
            "model": JSON(name), "architecture": JSON(model.architecture),
            "inputSize": [JSON(model.imageHeight), JSON(model.imageWidth)], "patchSide": JSON(model.patchSide),
            "tokens": JSON(model.tokenCount), "prefixTokens": JSON(model.prefixCount), "width": JSON(model.width),
            "depth": JSON(model.depth), "heads": JSON(model.heads), "hiddenWidth": JSON(model.hiddenWidth),
            "activation": JSON(model.activation.rawValue), "readout": JSON(model.readoutPhrase),
            "classes": model.classes.map { JSON($0) } ?? .null, "parameters": JSON(parameterCount),
            "storedBytes": JSON(storedBytes), "weightBytes": JSON(weightBytes),
            "flopPerImage": [
                "total": JSON(work.total), "embedding": JSON(work.embedding), "attention": JSON(work.attention),
                "linear": JSON(work.linear), "head": JSON(work.head),
            ],
            "memory": .array(
                Self.batchSizes.map { size in
                    [
                        "batchSize": JSON(size), "activationBytes": JSON(activationBytes(batchSize: size)),
                        "totalBytes": JSON(weightBytes + activationBytes(batchSize: size)),
                    ]
                }),
            "labels": labels.map { JSON($0.count) } ?? .null,
            "preprocessing": preprocessing.map { JSON($0.sentence) } ?? .null,
        ]
    }
}

extension VisionTransformerConfiguration {
    /// What the classifier reads, in words.
    fileprivate var readoutPhrase: String {
        let norm = normPlacement == .afterPooling ? ", then norm" : ""
        return switch readout {
        case .classToken: "class token"
        case .distilled: "class and distillation token, a head each"
        case .classTokenAndMean(let skipped): "class token, and mean over tokens \(skipped) to \(tokenCount - 1)"
        case .tokens(let indices): "tokens \(indices.map(String.init).joined(separator: ", ")), side by side"
        case .meanOfFirst(let count): "mean of the first \(count.counted("token"))"
        case .attentionPooled(let heads, let skipped):
            "attention of a learned query over tokens \(skipped) to \(tokenCount - 1), \(heads.counted("head"))\(norm)"
        case .pooled(let pooling, let skipped): "\(pooling.rawValue) over tokens \(skipped) to \(tokenCount - 1)\(norm)"
        }
    }
}
