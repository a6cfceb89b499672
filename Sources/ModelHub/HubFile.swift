import Checkpoints
import NIOHTTP1

/// A file of a model, as the hub describes it.
struct HubFile: Sendable {
    /// Its name in the model's folder.
    let name: String
    /// Where the hub has it, behind the endpoint.
    let path: String
    /// What its content is named by: a SHA-256, or the SHA-1 that git gives it.
    let hash: String
    /// Length in bytes.
    let size: Int

    /// A length that no model reaches; a larger one is a mistake.
    static let sizeLimit = 1 << 42

    /// Asks what the hub has under a name at a commit.
    init(_ name: String, of model: HubModel, at commit: String, on hub: HubConnection) async throws(HubFailure) {
        let path = "/\(model.identifier)/resolve/\(commit)/\(URLText.escape(name))"
        // A large file is a redirect to where its content lies; what it is stands in the redirect.
        let answer = try await hub.ask(.HEAD, path) { $0.header("X-Linked-Etag") != nil }
        let tag = answer.header("X-Linked-Etag") ?? answer.header("ETag") ?? ""
        let hash = String(tag.drop { "W/".contains($0) }.filter { $0 != "\"" })
        guard Digest(named: hash, size: 0) != nil else {
            throw .final(
                .hub(answer: "names no SHA-256 and no git hash", found: tag.isEmpty ? "no ETag" : tag, from: answer.url)
            )
        }
        let length = answer.header("X-Linked-Size") ?? answer.header("Content-Length")
        guard let size = length.flatMap({ Int($0) }), 0...Self.sizeLimit ~= size else {
            throw .final(.hub(answer: "does not say how long the file is", found: length, from: answer.url))
        }
        (self.name, self.path, self.hash, self.size) = (name, path, hash, size)
    }
}
