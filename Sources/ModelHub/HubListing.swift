import Checkpoints
import NIOHTTP1

/// What a revision of a model consists of.
struct HubListing {
    /// The commit that the revision stands for.
    let commit: String
    /// The files in the model's own folder, not those in folders below it.
    let names: [String]

    private static let sizeLimit = 16 << 20

    /// Asks the hub for a model's revision.
    init(of model: HubModel, on hub: HubConnection) async throws(HubFailure) {
        let path = "/api/models/\(model.identifier)/revision/\(URLText.escape(model.revision))"
        let answer = try await hub.ask(.GET, path)
        let bytes = try await hub.body(of: answer, limit: Self.sizeLimit)
        let json: JSON
        do throws(JSON.ParseError) {
            json = try JSON(parsing: bytes)
        } catch {
            throw .final(.hub(answer: "answers what is not JSON at \(error)", from: answer.url))
        }
        guard let commit = json["sha"]?.string, commit.isCommit else {
            throw .final(
                .hub(
                    answer: "names no commit in the field sha", found: json["sha"]?.text().abbreviated(to: 100),
                    from: answer.url))
        }
        guard let siblings = json["siblings"]?.array else {
            throw .final(.hub(answer: "lists no files in the field siblings", from: answer.url))
        }
        self.commit = commit
        names = siblings.compactMap { $0["rfilename"]?.string }.filter(\.isPlainFileName)
    }

    /// What Fovea reads besides the weights.
    private static let configurations = ["config.json", "preprocessor_config.json", "open_clip_config.json"]

    /// The configuration files that there are.
    var configurationNames: [String] { Self.configurations.filter(names.contains) }

    /// The weights that are read from this folder: safetensors where there are any, else what else there is.
    ///
    /// Throws MODEL_FORMAT where there are none that Fovea reads, or where the choice is not clear.
    func weightName(of model: HubModel) throws(CheckpointError) -> String {
        let safeTensors = names.filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".safetensors.index.json") }
        return try ModelLocation.weightFile(
            among: safeTensors.isEmpty ? names : safeTensors, of: model.description)
    }
}
