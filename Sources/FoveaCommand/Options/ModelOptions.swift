import ArgumentParser
import Checkpoints
import CheckpointsHDF5
import Fovea
import Operations
import VisionModels

/// Which model, and what its files do not say.
struct ModelOptions: ParsableArguments {
    @OptionGroup var location: ModelLocationOption

    @Option(help: ArgumentHelp("What the model is, where its files do not say it.", valueName: "name"))
    var architecture: String?

    @Option(help: ArgumentHelp("Number of attention heads, where the files do not say it.", valueName: "n"))
    var heads: Int?

    @Option(help: ArgumentHelp("Activation of the MLP, where the files do not say it.", valueName: "name"))
    var activation: ActivationName?

    @Option(help: ArgumentHelp("File with one class name a line, in place of the model's own.", valueName: "file"))
    var labels: String?

    @Flag(help: "Accept weights that hold NaN or infinity.")
    var allowNonfinite = false

    /// What the user says where the files do not; the input size comes from the preprocessing options.
    var overrides: ModelOverrides {
        var overrides = ModelOverrides()
        (overrides.architecture, overrides.heads, overrides.activation) = (architecture, heads, activation?.activation)
        return overrides
    }

    /// The same with an input size.
    func overrides(inputSize: InputSize?) -> ModelOverrides {
        var overrides = overrides
        overrides.inputSize = inputSize
        return overrides
    }

    /// What the user called the model; nil for nothing.
    var model: String? { location.model }

    /// Finds the model's files, and says where the demo is used because nothing was named.
    func files(quiet: Bool = false) throws(FoveaError) -> ModelFiles { try location.files(quiet: quiet) }

    func validate() throws {
        if let heads, heads < 1 { throw ValidationError("--heads \(heads): must be at least 1") }
    }
}

/// Where a model lies.
struct ModelLocationOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A folder as timm or Hugging Face saves it, a weight file, a hub name that was pulled, or demo.",
            discussion: "Without it the small model inside the program is used, which knows a few drawn shapes; "
                + "verify then compares the operations alone.",
            valueName: "model"))
    var model: String?

    /// Finds the model's files, and says where the demo is used because nothing was named.
    func files(quiet: Bool) throws(FoveaError) -> ModelFiles {
        let files = try ModelFiles(model ?? ModelFiles.demoName, formats: [.hdf5])
        if model == nil, !quiet, let labels = try files.open().labels() {
            Console.say(
                "fovea: no --model given, so the built-in demo answers; it knows only its \(labels.count) drawn classes"
            )
        }
        return files
    }
}

/// An activation as the command line names it.
enum ActivationName: String, ExpressibleByArgument, CaseIterable {
    case gelu
    case geluTanh = "gelu-tanh"
    case geluQuick = "gelu-quick"
    case silu
    case relu

    var activation: Activation {
        switch self {
        case .gelu: .gelu
        case .geluTanh: .geluTanh
        case .geluQuick: .geluQuick
        case .silu: .silu
        case .relu: .relu
        }
    }
}
