package import Checkpoints
package import Operations

/// What a model's files and its user say about it, before any family has claimed it.
package struct ModelDescription: Sendable {
    /// config.json; nil where there is none.
    package var configuration: Configuration?
    /// The weights.
    package var checkpoint: any Checkpoint
    /// What the user says in place of the files.
    package var overrides: ModelOverrides

    /// Gathers what is known.
    package init(configuration: Configuration?, checkpoint: any Checkpoint, overrides: ModelOverrides = .init()) {
        self.configuration = configuration
        self.checkpoint = checkpoint
        self.overrides = overrides
    }
}

/// What a user can say about a model that its files do not say; all but the size must not contradict them.
package struct ModelOverrides: Sendable, Hashable {
    /// A name such as `vit_base_patch16_224`.
    package var architecture: String?
    /// Number of heads.
    package var heads: Int?
    /// Activation of the MLP.
    package var activation: Activation?
    /// Rows and columns of pixels.
    package var inputSize: InputSize?

    /// Says nothing.
    package init() {}
}

/// Rows and columns of pixels.
package struct InputSize: Sendable, Hashable, CustomStringConvertible {
    /// Rows.
    package let height: Int
    /// Columns.
    package let width: Int

    /// Makes a size.
    package init(height: Int, width: Int) { (self.height, self.width) = (height, width) }

    /// `224×224`.
    package var description: String { "\(height)×\(width)" }
}

/// A model that a family has understood: what it is, and what its tensors are called.
package struct ModelPlan: Sendable {
    /// Sizes and choices.
    package let configuration: VisionTransformerConfiguration
    /// Whether its library runs it at the size that its processor makes, whatever size the configuration names.
    package let takesProcessorSize: Bool
    let names: TensorNames

    /// Asks each family in turn; throws CFG_ARCH, naming what it found, where none claims the model, and CFG_MEMORY where
    /// its sizes ask for more memory than any known model.
    package init(_ model: ModelDescription) throws(CheckpointError) {
        for family in Families.all {
            if let plan = try family.plan(model) {
                try model.checkArchitecture(isUsedBy: family, plan)
                try plan.check(model)
                try plan.checkMemory(model)
                self = plan
                return
            }
        }
        let type = try model.configuration?.string("model_type")
        let architecture = try model.architecture ?? type
        let claimed = Families.all.map { $0.claims }.joined(separator: "; ")
        guard let architecture else {
            throw CheckpointError(
                .configurationArchitecture, file: model.configuration?.file ?? model.checkpoint.file,
                "does not say what model it is", found: "tensors such as \(model.tensorSample)", expected: claimed,
                next: "name it with --architecture")
        }
        throw CheckpointError(
            .configurationArchitecture, file: model.configuration?.file ?? model.checkpoint.file,
            "describes a model that no family claims",
            found: "'\(architecture)' with tensors such as \(model.tensorSample)", expected: claimed,
            next: "use a plain ViT of these families")
    }

    init(configuration: VisionTransformerConfiguration, names: TensorNames, takesProcessorSize: Bool = false) {
        (self.configuration, self.names, self.takesProcessorSize) = (configuration, names, takesProcessorSize)
    }
}

extension ModelDescription {
    /// What the user or the configuration calls the architecture.
    var architecture: String? {
        get throws(CheckpointError) {
            if let name = overrides.architecture { return name }
            return try configuration?.string("architecture")
        }
    }

    /// Throws where the user names an architecture and the files say themselves what the model is.
    fileprivate func checkArchitecture(
        isUsedBy family: any ModelFamily.Type, _ plan: ModelPlan
    ) throws(CheckpointError) {
        guard let name = overrides.architecture else { return }
        let file = configuration?.file ?? checkpoint.file
        guard family == TimmViT.self else {
            guard name != plan.configuration.architecture else { return }
            throw .contradiction(of: "--architecture \(name)", file: file, says: plan.configuration.architecture)
        }
        guard let own = try configuration?.string("architecture"), let stated = TimmArchitecture(own),
            stated.name != TimmArchitecture(name)?.name
        else { return }
        throw .contradiction(of: "--architecture \(name)", file: file, says: own)
    }

    /// A few names, for messages.
    fileprivate var tensorSample: String { checkpoint.names.prefix(3).joined(separator: ", ") }
}

extension CheckpointError {
    /// The error for an option where the files say something else.
    static func contradiction(of option: String, file: String, says stated: String) -> CheckpointError {
        CheckpointError(
            .option, file: file, "says otherwise than \(option)", found: stated,
            next: "leave the option out: it is for what the files do not say")
    }
}

/// A group of models that share names and conventions: one file under `Families/`.
protocol ModelFamily: SendableMetatype {
    /// What it claims, for messages.
    static var claims: String { get }
    /// How to read a model; nil where it is not of this family. Throws where it is, and makes no sense.
    static func plan(_ model: ModelDescription) throws(CheckpointError) -> ModelPlan?
}

/// Every family; the first that claims a model reads it.
enum Families {
    static let all: [any ModelFamily.Type] = [
        TimmViT.self, HuggingFaceViT.self, HuggingFaceCLIP.self, HuggingFaceDINOv3.self, HuggingFaceAIMv2.self,
        HuggingFaceRadio.self, CLIPTower.self,
    ]
}
