import Checkpoints
import Glibc
import ModelHub
import Synchronization
import Testing

/// A model as the hub has it, and a cache to pull it into.
struct PullCase {
    /// What lies on the hub.
    static let files: [String: [UInt8]] = [
        "config.json": Array(#"{"architecture": "vit_tiny_patch16_224"}"#.utf8),
        "preprocessor_config.json": Array("{}".utf8),
        "model.safetensors": content(100_000, seed: 1), "pytorch_model.bin": content(5000, seed: 2),
        "README.md": content(3000, seed: 3), "onnx/model.onnx": content(2000, seed: 4),
    ]

    let folder: TemporaryFolder
    let hub: LocalHub
    /// All that was told.
    let events = Events()

    init(_ files: [String: [UInt8]] = Self.files, changing change: @escaping LocalHub.Change = { _, _ in }) throws {
        folder = try TemporaryFolder()
        hub = try LocalHub(files, changing: change)
    }

    /// The model's folder in the cache.
    var cache: String { folder("hub/models--owner--model") }
    var weightsHash: String { LocalHub.hash(Self.files["model.safetensors"] ?? []) }
    var blob: String { "\(cache)/blobs/\(weightsHash)" }

    @discardableResult
    func pull(_ name: String = "owner/model", _ variables: [String: String] = [:]) async throws(CheckpointError)
        -> String
    {
        try await Self.pull(name, self.variables.merging(variables) { $1 }, events)
    }

    /// The environment of a download into this cache.
    var variables: [String: String] { ["HF_HOME": folder.path, "HF_ENDPOINT": hub.address] }

    static func pull(
        _ name: String, _ variables: [String: String], _ events: Events
    ) async throws(CheckpointError) -> String {
        guard let model = HubModel(name) else {
            throw CheckpointError(.configurationType, file: name, "is no name of a model", next: "correct the test")
        }
        return try await ModelPull.run(
            model, settings: HubSettings { variables[$0] }, userAgent: "fovea/test",
            retries: RetryPolicy(limit: 3, firstDelay: .milliseconds(5)), report: events.add)
    }

    /// The error of a download that must fail and leave nothing that looks whole.
    func failure(
        _ name: String = "owner/model", _ variables: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async -> CheckpointError? {
        do {
            let folder = try await pull(name, variables)
            Issue.record("came to \(folder)", sourceLocation: sourceLocation)
            return nil
        } catch {
            #expect(TemporaryFolder.names(in: cache + "/refs").isEmpty, sourceLocation: sourceLocation)
            #expect(access(blob, F_OK) != 0, sourceLocation: sourceLocation)
            return error
        }
    }

    /// Bytes that do not repeat.
    static func content(_ count: Int, seed: UInt64) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    final class Events: Sendable {
        private let all = Mutex<[PullEvent]>([])
        func add(_ event: PullEvent) { all.withLock { $0.append(event) } }
        func count(where isCounted: (PullEvent) -> Bool) -> Int { all.withLock { $0.count(where: isCounted) } }
        var retries: Int { count { if case .retry = $0 { true } else { false } } }
    }
}

@Suite("a pulled model lies in the cache as the hub's own tools lay it")
struct ModelPullTests {
    @Test("blobs by hash, links, the reference; only what is read; the token for the hub alone")
    func layout() async throws {
        let pull = try PullCase()
        let path = try await pull.pull("owner/model", ["HF_TOKEN": " hf_secret\n"])
        #expect(path == "\(pull.cache)/snapshots/\(LocalHub.commit)")
        let names = ["config.json", "model.safetensors", "preprocessor_config.json"]
        #expect(TemporaryFolder.names(in: path) == names)
        #expect(
            TemporaryFolder.names(in: pull.cache + "/blobs")
                == names.map { LocalHub.hash(PullCase.files[$0] ?? []) }.sorted())
        #expect(try TemporaryFolder.read(pull.cache + "/refs/main") == Array(LocalHub.commit.utf8))
        for name in names {
            #expect(try TemporaryFolder.read("\(path)/\(name)") == PullCase.files[name])
            var target = [CChar](repeating: 0, count: 256)
            let length = readlink("\(path)/\(name)", &target, target.count)
            let expected = "../../blobs/" + LocalHub.hash(PullCase.files[name] ?? [])
            #expect(String(decoding: target[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self) == expected)
        }
        #expect(pull.hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
        #expect(pull.hub.storeRequests.count == 1)
        #expect(pull.hub.storeRequests.allSatisfy { $0.headers["authorization"] == nil })
        #expect(
            try HubCache.folder(of: "owner/model", settings: HubSettings { ["HF_HOME": pull.folder.path][$0] }) == path)
    }

    @Test("a second time nothing is fetched, and what was damaged since then is")
    func again() async throws {
        let pull = try PullCase()
        try await pull.pull()
        let fetched = pull.hub.contentPaths.count
        try await pull.pull()
        #expect(pull.hub.contentPaths.count == fetched)
        var damaged = try TemporaryFolder.read(pull.blob)
        damaged[5000] ^= 1
        try pull.folder.write(damaged, to: "hub/models--owner--model/blobs/\(pull.weightsHash)")
        try await pull.pull()
        #expect(pull.hub.contentPaths.count == fetched + 2)  // the redirect and the store
        #expect(try TemporaryFolder.read(pull.blob) == PullCase.files["model.safetensors"])
    }

    @Test("a revision has its own reference, a commit none")
    func revisions() async throws {
        let pull = try PullCase()
        try await pull.pull("owner/model@refs/pr/1")
        #expect(pull.hub.requests[0].path == "/api/models/owner/model/revision/refs%2Fpr%2F1")
        #expect(try TemporaryFolder.read(pull.cache + "/refs/refs/pr/1") == Array(LocalHub.commit.utf8))
        try await pull.pull("owner/model@\(LocalHub.commit)")
        #expect(TemporaryFolder.names(in: pull.cache + "/refs") == ["refs"])
        let settings = HubSettings { ["HF_HUB_CACHE": pull.folder("hub")][$0] }
        for name in ["owner/model@refs/pr/1", "owner/model@\(LocalHub.commit)"] {
            #expect(try HubCache.folder(of: name, settings: settings).hasSuffix(LocalHub.commit))
        }
        #expect(throws: CheckpointError.self) { try HubCache.folder(of: "owner/model", settings: settings) }
    }

    @Test("shards come with their index")
    func shards() async throws {
        let index = #"{"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors", "c": "m-1.safetensors"}}"#
        let pull = try PullCase([
            "config.json": Array("{}".utf8), "model.safetensors.index.json": Array(index.utf8),
            "m-1.safetensors": PullCase.content(4000, seed: 5), "m-2.safetensors": PullCase.content(3000, seed: 6),
            "pytorch_model.bin": PullCase.content(5000, seed: 2),
        ])
        #expect(
            TemporaryFolder.names(in: try await pull.pull())
                == ["config.json", "m-1.safetensors", "m-2.safetensors", "model.safetensors.index.json"])
    }

    @Test("two at once do no harm, and the second waits for the first")
    func together() async throws {
        let pull = try PullCase { request, reply in if request.path.hasPrefix("/store/") { usleep(300_000) } }
        let (variables, events) = (pull.variables, pull.events)
        async let first = PullCase.pull("owner/model", variables, events)
        async let second = PullCase.pull("owner/model", variables, events)
        #expect(try await first == second)
        #expect(pull.hub.storeRequests.count == 1)
        #expect(try TemporaryFolder.read(pull.blob) == PullCase.files["model.safetensors"])
    }

    @Test("a model in another format is pulled, too; one without weights is refused")
    func formats() async throws {
        var files = PullCase.files
        files["model.safetensors"] = nil
        let pull = try PullCase(files)
        #expect(TemporaryFolder.names(in: try await pull.pull()).contains("pytorch_model.bin"))
        files["pytorch_model.bin"] = nil
        #expect(try await PullCase(files).failure()?.code == .modelFormat)
    }
}
