import Glibc
import Testing

@Suite("long lists are divided among processes, and gone on with")
struct ShardAndResumeTests {
    private let arguments = ["classify", "-q", "--top-k", "2", "--device", "cpu", "--model", GoldenCase.all[0].folder]
    private let names = ["star", "dots", "missing, \"so\".png", "waves", "rays"]

    private var pictures: [String] { names.map { ExamplePictures.path($0) } }

    private func rows(_ options: [String], environment: [String: String] = [:]) throws -> [Substring] {
        try FoveaProcess.run(arguments + ["--format", "jsonl"] + pictures + options, environment: environment)
            .output.split(separator: "\n")
    }

    @Test("the shares together are the whole")
    func shards() throws {
        let whole = try rows([])
        #expect(whole.count == 5)
        #expect(try rows(["--shard", "0/2"]) == [whole[0], whole[2], whole[4]])
        #expect(try rows(["--shard", "1/2"]) == [whole[1], whole[3]])
        let kubernetes = ["JOB_COMPLETION_INDEX": "1", "FOVEA_SHARDS": "2"]
        #expect(try rows(["--shard", "auto"], environment: kubernetes) == [whole[1], whole[3]])
        let slurm = ["SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "4", "SLURM_ARRAY_TASK_COUNT": "3"]
        #expect(try rows(["--shard", "auto"], environment: slurm) == [whole[1], whole[4]])
    }

    @Test("an empty share is no failure")
    func emptyShare() throws {
        let folder = try TemporaryFolder()
        _ = try FoveaProcess.results(
            arguments + [pictures[0], "--shard", "1/2", "--format", "json", "--output", folder("rows.json")])
        #expect(folder.names == ["rows.json"])
    }

    @Test("a share that makes no sense", arguments: ["2/2", "-1/2", "1", "a/b", "auto"])
    func wrongShares(share: String) throws {
        #expect(try FoveaProcess.run(arguments + [pictures[0], "--shard=\(share)"]).status == .exited(2))
    }

    @Test("--resume goes on behind the last whole row", arguments: ["jsonl", "csv"], [0, 1, 2, 3, 5])
    func resume(format: String, wholeRows: Int) throws {
        let folder = try TemporaryFolder()
        let arguments = arguments + pictures + ["--format", format, "--output", folder("rows")]
        #expect(try FoveaProcess.run(arguments).status == .exited(1))
        let expected = try TemporaryFolder.read(folder("rows"))
        let lineCounts = format == "jsonl" ? [0, 1, 2, 3, 4, 5] : [1, 3, 5, 6, 8, 10]
        let lineEnds = [0] + expected.indices.filter { expected[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
        try #require(lineEnds.count > lineCounts[5])
        let torn = min(lineEnds[lineCounts[wholeRows]] + 20, expected.count)
        try folder.write(Array(expected[..<torn]), to: "rows.partial")
        let resumed = try FoveaProcess.run(arguments + ["--resume", "--overwrite"])
        // The failed row counts, whoever wrote it.
        #expect(resumed.status == .exited(1))
        #expect(try TemporaryFolder.read(folder("rows")) == expected)
        #expect(folder.names == ["rows"])
    }

    @Test("a device that fails leaves the rows before it, and --resume goes on", .requiresFaultLayer)
    func fault() throws {
        let folder = try TemporaryFolder()
        let options = [
            "classify", "-q", ExamplePictures.folder, "--batch-size", "2", "--format", "jsonl", "--output",
            folder("rows"),
        ]
        let layer = try #require(FaultLayer.path)
        let environment = ["OPENCL_LAYERS": layer, "FOVEA_FAULT": "clEnqueueReadBuffer 3 -5"]
        #expect(try FoveaProcess.run(options, environment: environment).status == .exited(7))
        #expect(folder.names == ["rows.partial"])
        let partial = try TemporaryFolder.read(folder("rows.partial"))
        #expect(partial.count { $0 == UInt8(ascii: "\n") } == 4)
        _ = try FoveaProcess.results(options + ["--resume"])
        let rows = try TemporaryFolder.read(folder("rows"))
        #expect(Array(rows[..<partial.count]) == partial)
        #expect(rows.count { $0 == UInt8(ascii: "\n") } == 12)
        #expect(folder.names == ["rows"])
    }

    @Test("--resume refuses other pictures, other formats, and what is no row")
    func refusals() throws {
        let folder = try TemporaryFolder()
        let output = ["--output", folder("rows")]
        try folder.write("{\"input\":\"other.jpg\",\"error\":\"\"}\n", to: "rows.partial")
        let other = try FoveaProcess.run(arguments + pictures + output + ["--format", "jsonl", "--resume"])
        #expect(other.status == .exited(2))
        #expect(other.errors.contains("other.jpg") && other.errors.contains("/star."))
        let foreign = try FoveaProcess.run(arguments + pictures + output + ["--format", "csv", "--resume"])
        #expect(foreign.status == .exited(8))
        #expect(foreign.errors.contains("rows.partial"))
        #expect(
            try FoveaProcess.run(arguments + pictures + output + ["--format", "json", "--resume"]).status == .exited(2))
        #expect(try FoveaProcess.run(arguments + pictures + ["--format", "csv", "--resume"]).status == .exited(2))
        #expect(folder.names == ["rows.partial"])
    }
}
