import Glibc
import Testing

@Suite("fovea pull")
struct PullCommandTests {
    private let golden = GoldenCase.all[0]

    private func goldenFiles() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in ["config.json", "model.safetensors"] {
            files[name] = try TemporaryFolder.read("\(golden.folder)/\(name)")
        }
        return files
    }

    @Test("a model is pulled, and then run by its name")
    func endToEnd() throws {
        let (hub, home, folder) = (try LocalHub(goldenFiles()), try TemporaryFolder(), try TemporaryFolder())
        let environment = ["HF_HOME": home.path, "HF_ENDPOINT": hub.address]
        let before = try FoveaProcess.run(["summary", "--model", "owner/model"], environment: environment)
        #expect(before.status == .exited(4) && before.errors.contains("fovea pull owner/model"))
        let path = "\(home("hub"))/models--owner--model/snapshots/\(LocalHub.commit)"
        let pulled = try FoveaProcess.run(["pull", "owner/model"], environment: environment)
        #expect(pulled.status == .exited(0) && pulled.output == path + "\n", "\(pulled.errors)")
        #expect(pulled.errorLines.count == 2 && pulled.errors.contains("model.safetensors"))
        _ = try FoveaProcess.results(
            [
                "run", "--model", "owner/model", "--input", golden.input, "--output", folder("y.npy"), "--device",
                "cpu",
            ], environment: environment)
        #expect(try TemporaryFolder.read(folder("y.npy")).count > 128)
        let mine = try FoveaProcess.results(
            ["classify", "-q", ExamplePictures.path("star"), "--model", "owner/model", "--device", "cpu"],
            environment: environment)
        let original = try FoveaProcess.results([
            "classify", "-q", ExamplePictures.path("star"), "--model", golden.folder, "--device", "cpu",
        ])
        #expect(mine == original)
        let quiet = try FoveaProcess.run(["pull", "-q", "owner/model@main"], environment: environment)
        #expect(quiet.output == path + "\n" && quiet.errors.isEmpty)
    }

    @Test("killed in the middle, it goes on where it stopped")
    func killed() throws {
        let attempts = Count()
        let files = ["model.safetensors": PullCase.content(3_000_000, seed: 8)]
        let hub = try LocalHub(files) { request, reply in
            if request.path.hasPrefix("/store/"), attempts.next() == 0 { (reply.cut, reply.silence) = (1_000_000, 30) }
        }
        let home = try TemporaryFolder()
        let environment = ["HF_HOME": home.path, "HF_ENDPOINT": hub.address]
        let child = try FoveaProcess.start(
            ["pull", "-q", "owner/model"], environment: environment, standardInput: .file("/dev/null", O_RDONLY),
            standardOutput: .file("/dev/null", O_WRONLY), standardError: .file("/dev/null", O_WRONLY))
        let hash = LocalHub.hash(files["model.safetensors"] ?? [])
        let blob = "\(home("hub"))/models--owner--model/blobs/\(hash)"
        var facts = stat()
        for _ in 0..<600 where stat(blob + ".incomplete", &facts) != 0 || facts.st_size < 1_000_000 { usleep(50_000) }
        kill(child, SIGKILL)
        #expect(FoveaProcess.wait(for: child) == .signaled(SIGKILL))
        _ = try FoveaProcess.results(["pull", "-q", "owner/model"], environment: environment)
        #expect(hub.storeRequests.map { $0.headers["range"] } == [nil, "bytes=1000000-"])
        #expect(try TemporaryFolder.read(blob) == files["model.safetensors"])
    }

    @Test(
        "each kind of trouble has its exit status and one sentence",
        arguments: [
            (["owner/absent"], [:], 4, "owner/absent"),
            (["owner/model"], ["HF_ENDPOINT": "http://127.0.0.1:1"], 8, "127.0.0.1:1"),
            (["owner/model"], ["HF_HUB_OFFLINE": "1"], 2, "HF_HUB_OFFLINE"),
            (["owner/model"], ["HF_ENDPOINT": "hub"], 2, "HF_ENDPOINT"),
            (["owner/model"], ["HF_HOME": "/proc/nowhere"], 8, "/proc/nowhere"),
            (["no-owner"], [:], 2, "no-owner"), (["a/b", "c/d"], [:], 2, "c/d"),
        ] as [([String], [String: String], Int32, String)])
    func troubles(arguments: [String], variables: [String: String], status: Int32, words: String) throws {
        let (hub, home) = (try LocalHub(goldenFiles()), try TemporaryFolder())
        let environment = ["HF_HOME": home.path, "HF_ENDPOINT": hub.address].merging(variables) { $1 }
        let outcome = try FoveaProcess.run(["pull", "-q"] + arguments, environment: environment)
        #expect(outcome.status == .exited(status), "\(outcome.errors)")
        #expect(outcome.output.isEmpty && outcome.errors.contains(words), "\(outcome.errors)")
        if status != 2 || !variables.isEmpty { #expect(outcome.errorLines.count == 1, "\(outcome.errors)") }
    }
}
