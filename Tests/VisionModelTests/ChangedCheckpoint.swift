import Checkpoints
import FoundationEssentials
import Operations
import VisionModels

/// A checkpoint of which some tensors have another shape, and zeros for values; or one of such tensors alone.
struct ChangedCheckpoint: Checkpoint {
    var base: (any Checkpoint)?
    /// What names of the base begin with and are seen without.
    var root = ""
    var changes: [String: TensorLayout] = [:]

    var file: String { "changed" }
    var names: [String] {
        let own = base?.names.map { $0.hasPrefix(root) ? String($0.dropFirst(root.count)) : $0 } ?? []
        return own + changes.keys.filter { !own.contains($0) }.sorted()
    }
    var metadata: [String: String] { [:] }

    private func storedName(_ name: String) -> String { base?.contains(root + name) == true ? root + name : name }

    func layout(of name: String) -> TensorLayout? { changes[name] ?? base?.layout(of: storedName(name)) }

    func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        if changes[name] == nil, let base { return try base.readCounting(storedName(name)) }
        return (HostTensor(changes[name]?.shape ?? []), NonFiniteCount())
    }
}

extension ChangedCheckpoint {
    /// Float32 tensors of these shapes, over those of a base.
    init(_ base: (any Checkpoint)?, root: String = "", _ shapes: [String: Shape]) {
        self.init(base: base, root: root, changes: shapes.mapValues { TensorLayout(.float32, $0) })
    }
}

extension ModelDescription {
    /// A golden model with other fields at the top of its configuration and other shapes of tensors.
    static func golden(
        _ name: String, _ fields: [String: JSON] = [:], root: String = "", tensors: [String: Shape] = [:]
    ) throws -> ModelDescription {
        let folder = "\(PackageRoot.path)/Tests/Fixtures/Goldens/\(name)"
        let own = try Configuration(contentsOf: folder + "/config.json")
        let members = own.root.object?.members.filter { fields[$0.key] == nil }.map { ($0.key, $0.value) } ?? []
        return ModelDescription(
            configuration: Configuration(
                .object(JSON.Object(members + fields.map { ($0.key, $0.value) })), file: "config.json"),
            checkpoint: ChangedCheckpoint(try ModelLocation(folder).openWeights(), root: root, tensors))
    }
}
