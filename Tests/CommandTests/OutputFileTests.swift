import Checkpoints
import Glibc
import Testing

@Suite("an output file appears whole or not at all")
struct OutputFileTests {
    private let star = ExamplePictures.path("star")
    /// A model that takes no time, where any will do.
    private let small = ["--device", "cpu", "--model", GoldenCase.all[0].folder]

    @Test("the file holds what standard output would have shown")
    func contents() throws {
        let folder = try TemporaryFolder()
        let arguments = ["classify", "-q", star, "/nowhere/x.png", "--format", "csv"] + small
        let shown = try FoveaProcess.run(arguments)
        let stored = try FoveaProcess.run(arguments + ["--output", folder("rows.csv")])
        #expect(stored.status == .exited(1))
        #expect(stored.output.isEmpty)
        #expect(folder.names == ["rows.csv"])
        #expect(String(decoding: try TemporaryFolder.read(folder("rows.csv")), as: UTF8.self) == shown.output)
    }

    @Test("a file that exists is left alone without --overwrite, and replaced with it")
    func overwrite() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("mine", to: "rows.json")
        let arguments = ["classify", "-q", star, "--format", "json", "--output", path] + small
        let refused = try FoveaProcess.run(arguments)
        #expect(refused.status == .exited(8))
        #expect(refused.errors.contains("exists already; replace it with --overwrite"))
        #expect(try TemporaryFolder.read(path) == Array("mine".utf8))
        _ = try FoveaProcess.results(arguments + ["--overwrite"])
        #expect(try JSON(parsing: TemporaryFolder.read(path))["results"]?.array?.count == 1)
        #expect(folder.names == ["rows.json"])
    }

    @Test("a folder that is not there is status 8, before the model is loaded")
    func noFolder() throws {
        let outcome = try FoveaProcess.run([
            "classify", star, "--model", "/nowhere", "--output", "/nowhere/rows.json",
        ])
        #expect(outcome.status == .exited(8))
        #expect(outcome.errors.contains("/nowhere/rows.json"))
    }

    @Test("a full device is status 8", .enabled(if: access("/dev/full", W_OK) == 0, "there is no /dev/full here"))
    func full() throws {
        let shown = try FoveaProcess.run(["classify", "-q", star], standardOutput: "/dev/full")
        #expect(shown.status == .exited(8))
        #expect(shown.errors.contains("standard output"))
        let stored = try FoveaProcess.run(["classify", "-q", star, "--output", "/dev/full"])
        #expect(stored.status == .exited(8))
        #expect(stored.errors.contains("/dev/full"))
    }

    @Test("a model that cannot be loaded leaves nothing behind")
    func failure() throws {
        let folder = try TemporaryFolder()
        let outcome = try FoveaProcess.run(["classify", star, "--model", folder.path, "--output", folder("rows.json")])
        #expect(outcome.status == .exited(4))
        #expect(folder.names.isEmpty)
    }

    @Test(
        "a reader that has gone ends the command quietly, and nothing is left behind",
        arguments: [["classify", "-q"], ["preprocess", "-q", "--explain", "--output"]])
    func brokenPipe(command: [String]) throws {
        let folder = try TemporaryFolder()
        let command = command + (command.last == "--output" ? [folder("x.npy")] : [])
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        let child = try FoveaProcess.start(
            command + [ExamplePictures.folder], standardInput: .file("/dev/null", O_RDONLY),
            standardOutput: .descriptor(ends[1]), standardError: .file(folder("errors"), O_WRONLY | O_CREAT))
        close(ends[1])
        #expect(FoveaProcess.wait(for: child) == .exited(0))
        #expect(try TemporaryFolder.read(folder("errors")).isEmpty)
        #expect(folder.names == ["errors"])
    }

    @Test("an interrupt leaves no file, and the status of the signal")
    func interrupt() throws {
        let folder = try TemporaryFolder()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        // The child must not hold the end that it waits for.
        try #require(fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0)
        let child = try FoveaProcess.start(
            ["classify", "-q", "@-", "--batch-size", "1", "--output", folder("rows.json")],
            standardInput: .descriptor(ends[0]), standardOutput: .file("/dev/null", O_WRONLY),
            standardError: .file("/dev/null", O_WRONLY))
        // The partial file is there as soon as the command waits for its first path.
        for _ in 0..<2000 where folder.names.isEmpty { usleep(10_000) }
        #expect(folder.names == ["rows.json.partial"])
        kill(child, SIGINT)
        #expect(FoveaProcess.wait(for: child) == .signaled(SIGINT))
        #expect(folder.names.isEmpty)
        close(ends[0])
        close(ends[1])
    }
}
