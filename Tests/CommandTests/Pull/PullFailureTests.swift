import Checkpoints
import Glibc
import ModelHub
import Testing

@Suite("what goes wrong with a download")
struct PullFailureTests {
    private let weights = PullCase.files["model.safetensors"] ?? []

    private static func isStore(_ request: HTTPServer.Request) -> Bool { request.path.hasPrefix("/store/") }

    @Test("a cut connection is gone on with, byte by byte where it stopped")
    func cut() async throws {
        let attempts = Count()
        let pull = try PullCase { request, reply in
            guard Self.isStore(request) else { return }
            // Each attempt but the fifth brings something, so that more fail than would be borne in a row.
            reply.cut = [1000, 2000, 1, 30000][safe: attempts.next()]
        }
        try await pull.pull()
        #expect(try TemporaryFolder.read(pull.blob) == weights)
        #expect(
            pull.hub.storeRequests.map { $0.headers["range"] }
                == [nil, "bytes=1000-", "bytes=3000-", "bytes=3001-", "bytes=33001-"])
        #expect(pull.events.retries == 4)
    }

    @Test(
        "what an earlier download has left is gone on with, and forgotten where it is damaged",
        arguments: [false, true])
    func left(isDamaged: Bool) async throws {
        let pull = try PullCase()
        let blobs = "\(pull.folder.path)/hub/models--owner--model/blobs"
        var path = ""
        for part in blobs.split(separator: "/") {
            path += "/" + part
            mkdir(path, 0o700)
        }
        var start = Array(weights.prefix(40000))
        if isDamaged { start[7] ^= 1 }
        try pull.folder.write(start, to: "hub/models--owner--model/blobs/\(pull.weightsHash).incomplete")
        try await pull.pull()
        #expect(try TemporaryFolder.read(pull.blob) == weights)
        #expect(pull.hub.storeRequests.map { $0.headers["range"] } == ["bytes=40000-"] + (isDamaged ? [nil] : []))
        #expect(!TemporaryFolder.names(in: blobs).contains { $0.hasSuffix(".incomplete") })
    }

    @Test("a server that knows no ranges sends all of it again")
    func withoutRanges() async throws {
        let (attempts, content) = (Count(), weights)
        let pull = try PullCase { request, reply in
            guard Self.isStore(request) else { return }
            reply = HTTPServer.Reply(body: content, cut: attempts.next() == 0 ? 50000 : nil)
        }
        try await pull.pull()
        #expect(try TemporaryFolder.read(pull.blob) == weights)
    }

    @Test("a range that is refused, and one that is another than was asked for")
    func wrongRanges() async throws {
        let refusals = Count()
        let refused = try PullCase { request, reply in
            guard Self.isStore(request) else { return }
            if request.headers["range"] != nil {
                reply = HTTPServer.Reply(status: 416, body: [1, 2, 3])
            } else if refusals.next() == 0 {
                reply.cut = 500
            }
        }
        try await refused.pull()
        #expect(try TemporaryFolder.read(refused.blob) == weights)
        let shifted = try PullCase { request, reply in
            guard Self.isStore(request) else { return }
            if request.headers["range"] != nil {
                reply.headers["Content-Range"] = "bytes 7-99/100000"
            } else {
                reply.cut = 500
            }
        }
        #expect(await shifted.failure()?.code == .hubAnswer)
    }

    @Test("another length than was named, shorter, longer, and without saying so", arguments: [99_999, 100_001])
    func length(count: Int) async throws {
        let content = PullCase.content(count, seed: 1)
        let honest = try PullCase { request, reply in
            if Self.isStore(request) { reply = HTTPServer.Reply(body: content) }
        }
        let error = try #require(await honest.failure())
        #expect(error.code == .hubSize && error.found == "\(count) bytes" && error.expected == "100000")
        #expect(TemporaryFolder.names(in: honest.cache + "/blobs").allSatisfy { !$0.hasSuffix(".incomplete") })
        let silent = try PullCase { request, reply in
            if Self.isStore(request) {
                reply = HTTPServer.Reply(headers: ["Transfer-Encoding": "chunked"], body: Self.chunked(content))
            }
        }
        #expect(await silent.failure()?.code == .hubSize)
    }

    private static func chunked(_ content: [UInt8]) -> [UInt8] {
        Array((String(content.count, radix: 16) + "\r\n").utf8) + content + Array("\r\n0\r\n\r\n".utf8)
    }

    @Test("other content than was named")
    func hash() async throws {
        let pull = try PullCase { request, reply in if Self.isStore(request) { reply.body[70000] ^= 1 } }
        let error = try #require(await pull.failure())
        #expect(error.code == .hubChecksum && error.description.contains(pull.weightsHash))
        #expect(pull.events.retries == 0)
        let small = try PullCase { request, reply in
            if request.path.hasSuffix("/config.json"), request.method == "GET" { reply.body[3] ^= 1 }
        }
        #expect(await small.failure()?.code == .hubChecksum)
    }

    @Test(
        "what the hub refuses",
        arguments: [
            (404, nil, nil, "HUB_NOT_FOUND", "check the name"),
            (404, "RevisionNotFound", nil, "HUB_NOT_FOUND", "'main'"),
            (401, nil, nil, "HUB_DENIED", "set HF_TOKEN"), (401, "RepoNotFound", "hf_x", "HUB_DENIED", "whose token"),
            (403, "GatedRepo", "hf_x", "HUB_DENIED", "accept its terms"), (418, nil, nil, "HUB_NETWORK", "418"),
        ] as [(Int, String?, String?, String, String)])
    func refusals(status: Int, code: String?, token: String?, expected: String, words: String) async throws {
        let pull = try PullCase { request, reply in
            reply = HTTPServer.Reply(status: status, headers: code.map { ["X-Error-Code": $0] } ?? [:])
        }
        let error = try #require(await pull.failure("owner/model", token.map { ["HF_TOKEN": $0] } ?? [:]))
        #expect(error.code.rawValue == expected && error.description.contains(words), "\(error)")
        #expect(pull.hub.requests.count == 1)
    }

    @Test("a busy server is asked again, but not for ever", arguments: [429, 500, 503])
    func busy(status: Int) async throws {
        let attempts = Count()
        let pull = try PullCase { request, reply in
            if attempts.next() < 2 { reply = HTTPServer.Reply(status: status, headers: ["Retry-After": "0"]) }
        }
        try await pull.pull()
        #expect(pull.events.retries == 2)
        let always = try PullCase { $1 = HTTPServer.Reply(status: status) }
        let error = try #require(await always.failure())
        #expect(error.code == .hubNetwork && error.description.contains("\(status)"))
        #expect(always.hub.requests.count == 3)
        let patient = try PullCase { $1 = HTTPServer.Reply(status: status, headers: ["Retry-After": "86400"]) }
        #expect(await patient.failure()?.code == .hubNetwork)
        #expect(patient.hub.requests.count == 1)
    }

    @Test("no server, a connection that ends at once, a redirect in a circle, and one to nowhere")
    func unreachable() async throws {
        let pull = try PullCase()
        let refused = try #require(await pull.failure("owner/model", ["HF_ENDPOINT": "http://127.0.0.1:1"]))
        #expect(refused.code == .hubNetwork && refused.description.contains("127.0.0.1:1"), "\(refused)")
        let nameless = try #require(await pull.failure("owner/model", ["HF_ENDPOINT": "http://nowhere.invalid"]))
        #expect(nameless.code == .hubNetwork && nameless.description.contains("nowhere.invalid"), "\(nameless)")
        let circle = try PullCase { $1 = HTTPServer.Reply(status: 302, headers: ["Location": $0.path]) }
        #expect(await circle.failure()?.code == .hubAnswer)
        for location in ["ftp://example.org/x", "file:///etc/passwd", "x"] {
            let nowhere = try PullCase { $1 = HTTPServer.Reply(status: 302, headers: ["Location": location]) }
            #expect(await nowhere.failure()?.code == .hubAnswer)
        }
    }

    @Test(
        "an answer that is none",
        arguments: [
            "", "<html>", "[]", #"{"siblings": []}"#, #"{"sha": "../../../x", "siblings": []}"#,
            #"{"sha": "0123456789abcdef0123456789abcdef01234567"}"#, #"{"sha": 1, "sha": 2}"#,
        ])
    func listing(text: String) async throws {
        let pull = try PullCase { $1.body = Array(text.utf8) }
        #expect(await pull.failure()?.code == .hubAnswer)
    }

    @Test("names that lead out of the folder are never written")
    func names() async throws {
        let hostile = ["../../../x.safetensors", "/x.safetensors", "a/../../x.safetensors", "..", "\u{0}.safetensors"]
        let content = PullCase.content(2000, seed: 7)
        let pull = try PullCase(Dictionary(uniqueKeysWithValues: hostile.map { ($0, content) }))
        #expect(await pull.failure()?.code == .modelFormat)
        let index = try PullCase([
            "model.safetensors.index.json": Array(#"{"weight_map": {"a": "../../../../evil.safetensors"}}"#.utf8)
        ])
        #expect(await index.failure()?.code == .safeTensorsIndexPath)
        let tag = try PullCase { request, reply in
            if request.method == "HEAD" { reply.headers["X-Linked-Etag"] = #""../../../evil""# }
        }
        #expect(await tag.failure()?.code == .hubAnswer)
        for name in [
            "../x", "owner/..", "a/b/c", "owner/model@../x", "owner/model@", "o--w/model", "/model", "a\u{0}/b",
        ] {
            #expect(HubModel(name) == nil)
        }
    }

    @Test("a full device is said in a sentence")
    func fullDevice() async throws {
        let pull = try PullCase()
        try await pull.pull()
        unlink(pull.blob)
        unlink(pull.cache + "/refs/main")
        try #require(symlink("/dev/full", pull.blob + ".incomplete") == 0)
        let error = try #require(await pull.failure())
        #expect(error.code == .noSpaceLeft && error.description.contains("ENOSPC"))
    }

    @Test("more than the device can hold is refused before it comes")
    func tooLarge() async throws {
        let pull = try PullCase { request, reply in
            if request.method == "HEAD" { reply.headers["X-Linked-Size"] = "\(1 << 42)" }
        }
        let error = try #require(await pull.failure())
        #expect(error.code == .noSpaceLeft && error.description.contains("\(3 << 42)"))
        #expect(pull.hub.contentPaths.isEmpty)
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
