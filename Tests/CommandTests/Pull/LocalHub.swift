import Checkpoints
import ModelHub
import Synchronization

/// A server that behaves as the hub does: small files come from itself, large ones are redirects to a store elsewhere.
///
/// It has one model, `owner/model`; a test may change any answer before it is sent.
final class LocalHub: Sendable {
    typealias Change = @Sendable (HTTPServer.Request, inout HTTPServer.Reply) -> Void

    static let commit = "0123456789abcdef0123456789abcdef01234567"
    /// Files at least so long are named by their SHA-256 and lie in the store, as Git LFS has it.
    static let largeSize = 1024

    private let hub: HTTPServer
    private let store: HTTPServer

    init(_ files: [String: [UInt8]], changing change: @escaping Change = { _, _ in }) throws {
        let names = files.mapValues(Self.hash)
        let store = try HTTPServer { request in
            let content = files.first { request.path == "/store/" + (names[$0.key] ?? "") }?.value
            var reply = Self.part(of: content, request.headers["range"])
            change(request, &reply)
            return reply
        }
        self.store = store
        hub = try HTTPServer { [address = store.address] request in
            var reply = Self.answer(request, files, names, store: address)
            change(request, &reply)
            return reply
        }
    }

    /// Where the hub is.
    var address: String { hub.address }
    /// What the hub was asked.
    var requests: [HTTPServer.Request] { hub.requests }
    /// What the store was asked.
    var storeRequests: [HTTPServer.Request] { store.requests }
    /// The paths of files whose content was asked for, at the hub or the store.
    var contentPaths: [String] {
        (requests + storeRequests).filter { $0.method == "GET" && !$0.path.hasPrefix("/api/") }.map(\.path)
    }

    /// What the hub names a content by.
    static func hash(_ content: [UInt8]) -> String {
        var digest = Digest(content.count >= largeSize ? .sha256 : .sha1)
        if content.count < largeSize { digest.update(Array("blob \(content.count)\0".utf8)) }
        digest.update(content)
        return digest.finish()
    }

    private static func answer(
        _ request: HTTPServer.Request, _ files: [String: [UInt8]], _ names: [String: String], store: String
    ) -> HTTPServer.Reply {
        if request.path.hasPrefix("/api/models/owner/model/revision/") {
            let siblings = files.keys.sorted().map { JSON.object(.init([("rfilename", JSON($0))])) }
            let listing: JSON = ["id": "owner/model", "sha": JSON(commit), "siblings": .array(siblings)]
            return HTTPServer.Reply(body: Array(listing.text().utf8))
        }
        let prefix = "/owner/model/resolve/\(commit)/"
        let name = request.path.hasPrefix(prefix) ? String(request.path.dropFirst(prefix.count)) : ""
        guard let content = files[name], let hash = names[name] else { return HTTPServer.Reply(status: 404) }
        guard content.count >= largeSize else {
            var reply = part(of: content, request.headers["range"])
            reply.headers["ETag"] = "\"\(hash)\""
            reply.headers["X-Repo-Commit"] = commit
            return reply
        }
        return HTTPServer.Reply(
            status: 302,
            headers: [
                "Location": "\(store)/store/\(hash)", "X-Linked-Etag": "\"\(hash)\"",
                "X-Linked-Size": "\(content.count)", "X-Repo-Commit": commit, "ETag": "\"of the redirect\"",
            ])
    }

    private static func part(of content: [UInt8]?, _ range: String?) -> HTTPServer.Reply {
        guard let content else { return HTTPServer.Reply(status: 404) }
        guard let range, let start = Int(range.dropFirst("bytes=".count).dropLast()) else {
            return HTTPServer.Reply(body: content)
        }
        guard start < content.count else { return HTTPServer.Reply(status: 416) }
        return HTTPServer.Reply(
            status: 206, headers: ["Content-Range": "bytes \(start)-\(content.count - 1)/\(content.count)"],
            body: Array(content[start...]))
    }
}

/// How often something has happened.
final class Count: Sendable {
    private let value = Mutex(0)

    /// Counts, and tells how often it was before.
    func next() -> Int {
        value.withLock { value in
            value += 1
            return value - 1
        }
    }
}
