package import Checkpoints
import DemoModel
package import VisionModels

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A model's files, found but not yet read: enough to know how it wants its pictures.
package struct ModelFiles: Sendable {
    /// What the user called it.
    package let name: String
    /// config.json; nil where there is none.
    package let configuration: Configuration?
    /// preprocessor_config.json; nil where there is none.
    package let preprocessor: Configuration?
    /// Whether it is the model inside the program.
    package let isDemo: Bool
    private let openWeights: @Sendable () throws(CheckpointError) -> any Checkpoint

    /// The name of the model inside the program.
    package static let demoName = "demo"

    /// Finds a model: `demo`, a folder, a weight file, or a hub name that was pulled before.
    ///
    /// `formats` are those that the program reads besides the library's own. Throws `FoveaError` of category `model`.
    package init(_ name: String, formats: [WeightFormat] = []) throws(FoveaError) {
        do {
            if name == Self.demoName { self = try Self.demo() } else { self = try Self(onDisk: name, formats) }
        } catch {
            throw FoveaError(ofModel: error)
        }
    }

    /// Puts a model together from parts that are already at hand.
    init(
        name: String, configuration: Configuration?, preprocessor: Configuration?, isDemo: Bool,
        openWeights: @escaping @Sendable () throws(CheckpointError) -> any Checkpoint
    ) {
        self.name = name
        self.configuration = configuration
        self.preprocessor = preprocessor
        self.isDemo = isDemo
        self.openWeights = openWeights
    }

    private init(onDisk name: String, _ formats: [WeightFormat]) throws {
        let location = try Self.exists(name) ? ModelLocation(name) : ModelLocation(HubCache.folder(of: name))
        self.init(
            name: name,
            configuration: try location.configuration("config.json")
                ?? location.configuration("open_clip_config.json"),
            preprocessor: try location.configuration("preprocessor_config.json"), isDemo: false
        ) { () throws(CheckpointError) in try location.openWeights(formats: formats) }
    }

    private static func demo() throws(CheckpointError) -> ModelFiles {
        let (weights, text) = (fovea_demo_weights(), fovea_demo_configuration())
        // Both are constants of the program and stay as long as it runs.
        let source = ByteSource.region(
            StaticRegion(UnsafeRawBufferPointer(start: weights.bytes, count: weights.count)), name: demoName)
        let bytes = Array(UnsafeBufferPointer(start: text.bytes, count: text.count))
        return ModelFiles(
            name: demoName, configuration: try Configuration(parsing: bytes, file: demoName), preprocessor: nil,
            isDemo: true
        ) { () throws(CheckpointError) in try SafeTensors(source) }
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Opens the weights and finds the family that understands them.
    package func open(_ overrides: ModelOverrides = ModelOverrides()) throws(FoveaError) -> OpenedModel {
        do {
            return try open(openCheckpoint(), overrides)
        } catch {
            throw FoveaError(ofModel: error)
        }
    }

    /// Opens the weights alone.
    func openCheckpoint() throws(CheckpointError) -> any Checkpoint { try openWeights() }

    /// Finds the family that understands weights which are open.
    func open(
        _ checkpoint: any Checkpoint, _ overrides: ModelOverrides = ModelOverrides()
    ) throws(CheckpointError) -> OpenedModel {
        var asked = overrides
        if configuration == nil { try asked.complete(with: checkpoint) }
        let plan = try ModelPlan(
            ModelDescription(configuration: configuration, checkpoint: checkpoint, overrides: asked))
        return OpenedModel(
            files: self, checkpoint: checkpoint, plan: plan,
            isNamedByUser: configuration == nil && overrides.architecture != nil)
    }
}

extension ModelOverrides {
    /// What the user left open and the kind of file tells: JAX's number of heads, and the authors' activation.
    ///
    /// Throws OPTION where the user says another number of heads than the file's shapes.
    fileprivate mutating func complete(with checkpoint: any Checkpoint) throws(CheckpointError) {
        let facts = checkpoint.facts
        if let heads, let own = facts.heads, heads != own {
            throw CheckpointError(
                .option, file: checkpoint.file, "says otherwise than --heads \(heads)", found: "\(own) heads",
                next: "leave the option out: it is for what the files do not say")
        }
        heads = heads ?? facts.heads
        activation = activation ?? facts.activation
    }
}
