import Checkpoints
import Operations

/// The sizes in a transformers configuration, checked against each other.
struct HuggingFaceFields {
    let size: InputSize
    let patchSide: Int
    let width: Int
    let depth: Int
    let heads: Int
    let hiddenWidth: Int
    let epsilon: Float
    let activation: Activation

    /// What a configuration's class says where the file does not.
    struct Defaults {
        var patchSide = 16
        var epsilonField = "layer_norm_eps"
        var epsilon = 1e-12
        var activation = "gelu"
    }

    /// Reads the fields, with the defaults of `ViTConfig` where they are absent and nothing else is given.
    ///
    /// - Parameters:
    ///   - hiddenWidth: M, of types whose configuration does not hold it.
    ///   - ownSize: The model's size of picture, of types whose configuration says it in other words.
    init(
        _ configuration: Configuration, defaults: Defaults = Defaults(), hiddenWidth known: Int? = nil,
        ownSize: InputSize? = nil, overrides: ModelOverrides
    ) throws(CheckpointError) {
        width = try configuration.positive("hidden_size", default: 768, limit: 1 << 16)
        depth = try configuration.positive("num_hidden_layers", default: 12, limit: 256)
        hiddenWidth =
            if let known { known } else {
                try configuration.positive("intermediate_size", default: 3072, limit: 1 << 18)
            }
        let stated = try configuration.positive("num_attention_heads", default: 12, limit: 1 << 10)
        heads = overrides.heads ?? stated
        if heads != stated, configuration.value("num_attention_heads") != nil {
            throw .contradiction(
                of: "--heads \(heads)", file: configuration.file, says: "num_attention_heads \(stated)")
        }
        patchSide = try configuration.positive("patch_size", default: defaults.patchSide, limit: 1 << 10)
        guard width % heads == 0 else {
            throw CheckpointError(
                overrides.heads == nil ? .configurationHeads : .option, file: configuration.file,
                "has a number of heads that does not divide the width",
                found: "\(heads) heads, hidden_size \(width)", expected: "a divisor of \(width)")
        }
        guard try configuration.integer("num_channels") ?? 3 == 3 else {
            throw configuration.rejecting("num_channels", code: .configurationShape, expected: "3")
        }
        size = if let size = overrides.inputSize ?? ownSize { size } else { try Self.imageSize(configuration) }
        try size.check(patchSide: patchSide, file: configuration.file, isAsked: overrides.inputSize != nil)
        let epsilon = try configuration.double(defaults.epsilonField) ?? defaults.epsilon
        guard epsilon > 0, epsilon < 0.1 else {
            throw configuration.rejecting(
                defaults.epsilonField, code: .configurationEpsilon, expected: "between 0 and 0.1")
        }
        self.epsilon = Float(epsilon)
        activation = try configuration.activation(
            "hidden_act", default: defaults.activation, asked: overrides.activation)
    }

    /// The configuration that these sizes make; the family says the rest.
    func vision(
        _ type: String, prefixCount: Int, readout: VisionTransformerConfiguration.Readout,
        normPlacement: VisionTransformerConfiguration.NormPlacement = .beforePooling, classes: Int? = nil
    ) -> VisionTransformerConfiguration {
        VisionTransformerConfiguration(
            architecture: type, imageHeight: size.height, imageWidth: size.width, patchSide: patchSide, width: width,
            depth: depth, heads: heads, hiddenWidth: hiddenWidth, epsilon: epsilon, activation: activation,
            positionResampling: .bicubic, prefixCount: prefixCount, readout: readout, normPlacement: normPlacement,
            classes: classes)
    }

    /// Throws where the sizes promise far more parameters than the file holds, before memory is taken for any.
    func checkSize(against checkpoint: any Checkpoint, file: String) throws(CheckpointError) {
        let promised = Double(depth) * Double(width) * (4 * Double(width) + 2 * Double(hiddenWidth))
        let held = checkpoint.names.reduce(0.0) { $0 + Double(checkpoint.shape(of: $1)?.count ?? 0) }
        guard promised <= 8 * held + 1e6 else {
            throw CheckpointError(
                .configurationTensorMismatch, file: file, "describes a far larger model than the weights hold",
                found: "about \(promised.wholeDescription) parameters", expected: "about \(held.wholeDescription)",
                next: "use the configuration of this very model")
        }
    }

    static func imageSize(_ configuration: Configuration) throws(CheckpointError) -> InputSize {
        guard let value = configuration.value("image_size") else { return InputSize(height: 224, width: 224) }
        if let side = value.integer { return InputSize(height: side, width: side) }
        if let sides = value.integers, sides.count == 2 { return InputSize(height: sides[0], width: sides[1]) }
        throw configuration.rejecting(
            "image_size", code: .configurationShape, expected: "one integer or [height, width]")
    }
}

extension Configuration {
    /// A positive integer no larger than a limit.
    func positive(_ field: String, default value: Int, limit: Int) throws(CheckpointError) -> Int {
        let found = try integer(field) ?? value
        guard found > 0, found <= limit else {
            throw rejecting(
                field, code: field == "patch_size" ? .configurationPatch : .configurationLimit,
                expected: "1 to \(limit)")
        }
        return found
    }

    /// An activation by transformers' name, or the user's where the file has none that is known; never guessed, for the
    /// forms of GELU differ.
    func activation(
        _ field: String, default name: String, asked: Activation?
    ) throws(CheckpointError) -> Activation {
        guard let asked else { return try activation(field, default: name) }
        if value(field) != nil, let stated = try? activation(field, default: name), stated != asked {
            throw .contradiction(
                of: "--activation", file: file, says: "\(field) \(try string(field) ?? "")")
        }
        return asked
    }

    private func activation(_ field: String, default name: String) throws(CheckpointError) -> Activation {
        switch try string(field) ?? name {
        case "gelu": return .gelu
        case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": return .geluTanh
        case "quick_gelu": return .geluQuick
        case "silu", "swish": return .silu
        case "relu": return .relu
        default:
            throw rejecting(
                field, code: .configurationActivation,
                expected: "gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, quick_gelu, silu or relu",
                next: "name it with --activation")
        }
    }
}
