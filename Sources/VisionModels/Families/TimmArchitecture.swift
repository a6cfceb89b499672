import Checkpoints

/// What timm knows of an architecture by its name: its class and the arguments of its constructor.
struct TimmArchitecture {
    /// The class of timm's that it is an instance of.
    enum ModelClass: String {
        case visionTransformer = "VisionTransformer"
        case distilled = "VisionTransformerDistilled"
        case eva = "Eva"
        case beit = "Beit"
    }

    let name: String
    let modelClass: ModelClass
    /// Arguments that the class does not have by default.
    let arguments: JSON
    /// Size of the picture.
    let inputSize: InputSize
    let heads: Int
    let width: Int
    /// Whether timm registers it; else the name was taken apart.
    let isRegistered: Bool

    init(
        name: String, modelClass: ModelClass, arguments: JSON, inputSize: InputSize, heads: Int, width: Int,
        isRegistered: Bool
    ) {
        (self.name, self.modelClass, self.arguments) = (name, modelClass, arguments)
        (self.inputSize, self.heads, self.width, self.isRegistered) = (inputSize, heads, width, isRegistered)
    }

    /// Looks a name up, the tag of its weights (`.augreg_in21k`) left out; nil where it is none of timm's plain ViTs.
    init?(_ fullName: String) {
        let name = String(fullName.prefix { $0 != "." })
        if let registered = Self.registered(name) { self = registered } else { self.init(pattern: name) }
    }

    private static func registered(_ name: String) -> TimmArchitecture? {
        for group in groups {
            guard let sizes = group["models"]?[name]?.integers, sizes.count == 4,
                let modelClass = group["class"]?.string.flatMap(ModelClass.init(rawValue:)),
                let arguments = group["arguments"]
            else { continue }
            return TimmArchitecture(
                name: name, modelClass: modelClass, arguments: arguments,
                inputSize: InputSize(height: sizes[0], width: sizes[1]), heads: sizes[2], width: sizes[3],
                isRegistered: true)
        }
        return nil
    }

    /// Architectures that share arguments, from tables that are part of this source: a test reads all of them.
    private static var groups: [JSON] {
        [visionTransformers, evaAndOthers].flatMap { (try? JSON(parsing: $0).array) ?? [] }
    }
}

extension TimmArchitecture {
    /// The constructor's arguments: those of the name under those of a configuration's `model_args`.
    func arguments(_ configuration: Configuration) throws(CheckpointError) -> Configuration {
        var members = arguments.object?.members.map { ($0.key, $0.value) } ?? []
        for member in try configuration.section("model_args")?.root.object?.members ?? [] {
            members.removeAll { $0.0 == member.key }
            members.append((member.key, member.value))
        }
        return Configuration(.object(JSON.Object(members)), file: configuration.file)
    }
}
