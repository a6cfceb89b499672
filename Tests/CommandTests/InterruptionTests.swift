import Glibc
import Testing

/// A run over many pictures that is still going on: it waits for the rest of its list.
final class UnfinishedRun {
    let child: pid_t
    private let list: Int32

    /// Starts a command that reads its list from standard input, and gives it some names.
    init(_ arguments: [String], names: [String]) throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        // The child must not hold the end that it waits for.
        try #require(fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0)
        child = try FoveaProcess.start(
            arguments + ["@-"], standardInput: .descriptor(ends[0]), standardOutput: .file("/dev/null", O_WRONLY),
            standardError: .file("/dev/null", O_WRONLY))
        close(ends[0])
        list = ends[1]
        try add(names)
    }

    deinit { close(list) }

    /// Gives it more names.
    func add(_ names: [String]) throws {
        let text = Array(names.map { $0 + "\n" }.joined().utf8)
        try #require(write(list, text, text.count) == text.count)
    }

    /// Waits until a file is so long, at most some minutes.
    func wait(until path: String, has bytes: Int) throws {
        for _ in 0..<60_000 where Self.size(of: path) < bytes { usleep(5000) }
        try #require(Self.size(of: path) >= bytes, "\(path) has \(Self.size(of: path)) bytes")
    }

    /// The most memory it has used, in bytes.
    func peakMemory() throws -> Int {
        let status = String(decoding: try TemporaryFolder.read("/proc/\(child)/status"), as: UTF8.self)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) }) << 10
    }

    private static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}

@Suite("a run over many pictures may be ended at any moment, and its memory does not grow")
struct InterruptionTests {
    private let folder: TemporaryFolder
    /// Many names, of few pictures, one of which is not there.
    private let names: [String]

    init() throws {
        folder = try TemporaryFolder()
        var paths = [folder("missing.png")]
        for stem in ["star", "dots", "waves"] {
            _ = try FoveaProcess.results(
                ["preprocess", "-q", ExamplePictures.path(stem), "--picture", folder(stem + ".png")])
            paths.append(folder(stem + ".png"))
        }
        names = (0..<96).map { paths[$0 % paths.count] }
        try folder.write(names.joined(separator: "\n"), to: "list.txt")
    }

    private static let commands = [
        ["embed", "rows.npy"], ["embed", "rows.csv"], ["embed", "rows.jsonl"],
        ["classify", "--format", "jsonl", "rows.jsonl"], ["classify", "--format", "csv", "rows.csv"],
    ]

    @Test("killed while it writes, then resumed: equal to a run that nobody disturbed", arguments: commands)
    func kill(command: [String]) throws {
        let rows = folder(command[command.count - 1])
        let arguments = command.dropLast() + ["-q", "--output", rows]
        let list = ["@" + folder("list.txt")]
        #expect(try FoveaProcess.run(arguments + list).status == .exited(1))
        let expected = try TemporaryFolder.read(rows)
        unlink(rows)

        let run = try UnfinishedRun(Array(arguments), names: Array(names.prefix(90)))
        try run.wait(until: rows + ".partial", has: expected.count / 3)
        Glibc.kill(run.child, SIGKILL)
        #expect(FoveaProcess.wait(for: run.child) == .signaled(SIGKILL))
        #expect(access(rows, F_OK) != 0)
        let kept = try TemporaryFolder.read(rows + ".partial")
        #expect(kept.count < expected.count)

        let resumed = try FoveaProcess.run(arguments + ["--resume"] + list)
        #expect(resumed.status == .exited(1))
        #expect(try TemporaryFolder.read(rows) == expected)
        #expect(!folder.names.contains { $0.contains("partial") })
    }

    @Test("SIGINT and SIGTERM end it at once, and leave what --resume needs", arguments: [SIGINT, SIGTERM])
    func signals(number: Int32) throws {
        let rows = folder("rows.npy")
        let run = try UnfinishedRun(["embed", "-q", "--output", rows], names: Array(names.prefix(40)))
        try run.wait(until: rows + ".partial", has: 1000)
        Glibc.kill(run.child, number)
        #expect(FoveaProcess.wait(for: run.child) == .signaled(number))
        #expect(folder.names.filter { $0.hasPrefix("rows") } == ["rows.npy.partial", "rows.npy.partial.names"])
        let resumed = try FoveaProcess.run(["embed", "@" + folder("list.txt"), "--output", rows, "--resume"])
        #expect(resumed.status == .exited(1))
        #expect(resumed.errors.contains("pictures already have their rows"))
    }

    @Test("four times as many pictures take no more memory")
    func memory() throws {
        let rows = folder("rows.npy")
        let width = 96 * 4
        let run = try UnfinishedRun(["embed", "-q", "--output", rows], names: names)
        try run.wait(until: rows + ".partial", has: 128 + 96 * width)
        let first = try run.peakMemory()
        for _ in 0..<3 { try run.add(names) }
        try run.wait(until: rows + ".partial", has: 128 + 4 * 96 * width)
        let growth = try run.peakMemory() - first
        Glibc.kill(run.child, SIGKILL)
        _ = FoveaProcess.wait(for: run.child)
        // Were the pictures kept, it would be more: each is 3·64·64 bytes or more once decoded.
        #expect(growth < 2 << 20, "\(growth) bytes more")
    }
}
