import FoundationEssentials
import Glibc
import Testing

/// A run over many pictures that is still going on: it waits for the rest of its list.
final class UnfinishedRun {
    let child: pid_t
    private let list: Int32

    /// Starts a command that reads its list from standard input, and gives it some names.
    init(_ arguments: [String], names: [String], errors: String = "/dev/null") throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        // The child must not hold the end that it waits for.
        try #require(fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0)
        child = try FoveaProcess.start(
            arguments + ["@-"], standardInput: .descriptor(ends[0]), standardOutput: .file("/dev/null", O_WRONLY),
            standardError: .file(errors, O_WRONLY | O_CREAT))
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
    static func wait(until path: String, has bytes: Int) throws {
        for _ in 0..<60_000 where size(of: path) < bytes { usleep(5000) }
        try #require(size(of: path) >= bytes, "\(path) has \(size(of: path)) bytes")
    }

    /// Waits until a file is there and so long, or the process that writes it has ended.
    static func wait(until path: String, has bytes: Int, of child: pid_t) throws {
        for _ in 0..<600_000 {
            if access(path, F_OK) == 0, size(of: path) >= bytes { return }
            var information = siginfo_t()
            // Left to be waited for: only whether there is something to wait for.
            if waitid(P_PID, id_t(child), &information, WEXITED | WNOHANG | WNOWAIT) == 0, information.si_signo != 0 {
                return
            }
            usleep(500)
        }
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
        try UnfinishedRun.wait(until: rows + ".partial", has: expected.count / 3)
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

    @Test("SIGINT and SIGTERM end what waits at once, and leave what --resume needs", arguments: [SIGINT, SIGTERM])
    func signals(number: Int32) throws {
        let rows = folder("rows.npy")
        let run = try UnfinishedRun(["embed", "-q", "--output", rows], names: Array(names.prefix(40)))
        try UnfinishedRun.wait(until: rows + ".partial", has: 1000)
        Glibc.kill(run.child, number)
        #expect(FoveaProcess.wait(for: run.child) == .signaled(number))
        #expect(
            folder.names.filter { $0.hasPrefix("rows") } == [
                "rows.npy.partial", "rows.npy.partial.names", "rows.npy.partial.run",
            ])
        let resumed = try FoveaProcess.run(["embed", "@" + folder("list.txt"), "--output", rows, "--resume"])
        #expect(resumed.status == .exited(1))
        #expect(resumed.errors.contains("pictures already had a row"))
    }

    /// The slowest device with a small model: slow enough to be interrupted, quick enough to be waited for.
    private let slow = ["--device", "cpu", "--model", GoldenCase.all[0].folder]

    /// Interrupts a run, if all goes well while its second batch is computed, until it has left so many rows.
    ///
    /// What it leaves are whole batches, whenever the signals come.
    private func interrupt(by signals: [Int32], leaving expected: Int, batchSize: Int) throws {
        let many = (0..<3 * batchSize / names.count).flatMap { _ in names }
        try folder.write(many.map { $0 + "\n" }.joined(), to: "many.txt")
        for _ in 0..<40 {
            let child = try FoveaProcess.start(
                [
                    "classify", "-q", "@" + folder("many.txt"), "--batch-size", "\(batchSize)", "--format", "jsonl",
                    "--output", folder("rows"), "--overwrite",
                ] + slow, standardInput: .file("/dev/null", O_RDONLY), standardOutput: .file("/dev/null", O_WRONLY),
                standardError: .file("/dev/null", O_WRONLY))
            try UnfinishedRun.wait(until: folder("rows.partial"), has: 1, of: child)
            for number in signals {
                usleep(10_000)
                Glibc.kill(child, number)
            }
            guard case .signaled(let number) = FoveaProcess.wait(for: child) else { continue }
            #expect(signals.contains(number))
            #expect(
                folder.names.filter { $0.hasPrefix("rows.") } == ["rows.partial", "rows.partial.run"])
            let rows = try TemporaryFolder.read(folder("rows.partial")).count { $0 == UInt8(ascii: "\n") }
            #expect(rows % batchSize == 0)
            if rows == expected, number == signals.last { return }
            for name in folder.names where name.hasPrefix("rows") { unlink(folder(name)) }
        }
        Issue.record("no signal met the second batch, in forty runs")
    }

    @Test("the first signal waits for the rows of the batch under way", arguments: [SIGINT, SIGTERM])
    func firstSignal(number: Int32) throws {
        try interrupt(by: [number], leaving: 384, batchSize: 192)
    }

    @Test("a signal tells how many rows are kept, and how to go on")
    func notice() throws {
        let (rows, errors) = (folder("rows.npy"), folder("errors"))
        let run = try UnfinishedRun(["embed", "--output", rows], names: Array(names.prefix(40)), errors: errors)
        try UnfinishedRun.wait(until: rows + ".partial", has: 128 + 40 * 96 * 4)
        Glibc.kill(run.child, SIGINT)
        #expect(FoveaProcess.wait(for: run.child) == .signaled(SIGINT))
        let said = String(decoding: try TemporaryFolder.read(errors), as: UTF8.self)
        let notice = "\(rows).partial keeps the rows of 40 pictures; the same command with --resume goes on"
        #expect(said.hasSuffix("fovea: \(notice)\n"), "\(said)")
    }

    @Test("the second signal ends it at once")
    func secondSignal() throws {
        try interrupt(by: [SIGINT, SIGTERM], leaving: 192, batchSize: 192)
    }

    @Test("what cannot be gone on with does not stay", arguments: [SIGINT, SIGTERM])
    func leftovers(number: Int32) throws {
        let many = (0..<40).flatMap { _ in names }
        try folder.write(many.joined(separator: "\n"), to: "many.txt")
        try folder.write(names.map { "0;\($0)\n" }.joined(), to: "labeled.txt")
        // None that is missing, for run takes no NaN.
        let good = names.filter { !$0.hasSuffix("missing.png") }
        _ = try FoveaProcess.results(["preprocess", "-q", "--output", folder("in.npy")] + slow.suffix(2) + good)
        for (arguments, partial) in [
            (["preprocess", "@" + folder("many.txt")], "out.partial"),
            (["run", "--input", folder("in.npy")], "out.partial"),
            (["evaluate", folder("labeled.txt")], "out.partial/predictions.csv.partial"),
        ] {
            let slow = arguments[0] == "preprocess" ? [] : slow + ["--batch-size", "4"]
            var wasInTime = false
            for _ in 0..<40 where !wasInTime {
                let child = try FoveaProcess.start(
                    arguments + slow + ["-q", "--overwrite", "--output", folder("out")],
                    standardInput: .file("/dev/null", O_RDONLY), standardOutput: .file("/dev/null", O_WRONLY),
                    standardError: .file("/dev/null", O_WRONLY))
                try UnfinishedRun.wait(until: folder(partial), has: 0, of: child)
                Glibc.kill(child, number)
                wasInTime = FoveaProcess.wait(for: child) == .signaled(number)
                if !wasInTime { try? FileManager.default.removeItem(atPath: folder("out")) }
            }
            #expect(wasInTime, "\(arguments[0])")
            #expect(!folder.names.contains { $0.hasPrefix("out") }, "\(arguments[0]): \(folder.names)")
        }
    }

    @Test("four times as many pictures take no more memory")
    func memory() throws {
        let rows = folder("rows.npy")
        let width = 96 * 4
        let run = try UnfinishedRun(["embed", "-q", "--output", rows], names: names)
        try UnfinishedRun.wait(until: rows + ".partial", has: 128 + 96 * width)
        let first = try run.peakMemory()
        for _ in 0..<3 { try run.add(names) }
        try UnfinishedRun.wait(until: rows + ".partial", has: 128 + 4 * 96 * width)
        let growth = try run.peakMemory() - first
        Glibc.kill(run.child, SIGKILL)
        _ = FoveaProcess.wait(for: run.child)
        // Were the pictures kept, it would be more: each is 3·64·64 bytes or more once decoded.
        #expect(growth < 2 << 20, "\(growth) bytes more")
    }
}
