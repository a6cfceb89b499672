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
        #expect(folder.names == ["rows.partial", "rows.partial.run"])
        let partial = try TemporaryFolder.read(folder("rows.partial"))
        #expect(partial.count { $0 == UInt8(ascii: "\n") } == 4)
        _ = try FoveaProcess.results(options + ["--resume"])
        let rows = try TemporaryFolder.read(folder("rows"))
        #expect(Array(rows[..<partial.count]) == partial)
        #expect(rows.count { $0 == UInt8(ascii: "\n") } == 12)
        #expect(folder.names == ["rows"])
    }

    @Test(
        "--fail-fast leaves the rows before the failure, and --resume goes on with them", arguments: ["jsonl", "npy"])
    func failFast(format: String) throws {
        let folder = try TemporaryFolder()
        let (rows, options) = (
            folder("rows." + format), arguments.dropFirst().filter { !["--top-k", "2"].contains($0) }
        )
        let command = format == "npy" ? ["embed"] + options : arguments + ["--format", format]
        #expect(try FoveaProcess.run(command + pictures + ["--output", rows]).status == .exited(1))
        let expected = try TemporaryFolder.read(rows)
        unlink(rows)
        let failed = try FoveaProcess.run(command + pictures + ["--output", rows, "--fail-fast"])
        #expect(failed.status == .exited(3))
        #expect(failed.errorLines.count == 1 && failed.errors.contains("/missing, "), "\(failed.errors)")
        let left = ["rows.\(format).partial", "rows.\(format).partial.names", "rows.\(format).partial.run"]
        #expect(folder.names == left.filter { format == "npy" || !$0.hasSuffix(".names") })
        let partial = try TemporaryFolder.read(folder(left[0]))
        #expect(partial.count < expected.count / 2)
        let resumed = try FoveaProcess.run(command + pictures + ["--output", rows, "--resume"])
        #expect(resumed.status == .exited(1))
        #expect(try TemporaryFolder.read(rows) == expected)
        #expect(folder.names == ["rows." + format])
    }

    @Test("--fail-fast of commands that cannot go on leaves nothing")
    func failFastWithoutRows() throws {
        let folder = try TemporaryFolder()
        let missing = folder("missing.png")
        try folder.write("star;\(ExamplePictures.path("star"))\nstar;\(missing)\n", to: "list.txt")
        for command in [
            ["preprocess", ExamplePictures.path("star"), missing, "--output", folder("x.npy")],
            ["evaluate", folder("list.txt"), "--device", "cpu", "--output", folder("report")],
            ["classify", ExamplePictures.path("star"), missing, "--device", "cpu", "--output", folder("rows.txt")],
        ] {
            let outcome = try FoveaProcess.run(command + ["-q", "--fail-fast"])
            #expect(outcome.status == .exited(3), "\(command[0]): \(outcome.errors)")
            #expect(outcome.output.isEmpty && outcome.errors.hasPrefix("fovea: error: \(missing): "))
            #expect(folder.names == ["list.txt"], "\(command[0])")
        }
    }

    @Test("--resume goes on with the rows of the same command alone, and names what differs")
    func otherCommand() throws {
        let folder = try TemporaryFolder()
        let command = ["classify", "-q", "--format", "jsonl", "--device", "cpu", "--output", folder("rows")] + pictures
        let model = ["--model", GoldenCase.all[0].folder]
        #expect(try FoveaProcess.run(command + model + ["--fail-fast"]).status == .exited(3))
        let (rows, run) = (
            try TemporaryFolder.read(folder("rows.partial")), try TemporaryFolder.read(folder("rows.partial.run"))
        )
        for (options, words) in [
            (model + ["--top-k", "3"], "--top-k 5, but now it is 3"),
            (["--model", "demo"], "--model \(GoldenCase.all[0].folder), but now it is demo"),
            (model + ["--mean", "0,0,0"], "--mean not given, but now it is 0,0,0"),
            (model + ["--ignore-exif"], "--ignore-exif not given, but now it is given"),
            (model + ["--crop-pct", "0.5"], "--crop-pct not given"),
        ] {
            let refused = try FoveaProcess.run(command + options + ["--resume"])
            #expect(refused.status == .exited(2))
            #expect(refused.errorLines.count == 1 && refused.errors.contains(words), "\(refused.errors)")
            #expect(try TemporaryFolder.read(folder("rows.partial")) == rows)
            #expect(try TemporaryFolder.read(folder("rows.partial.run")) == run)
        }
        // Weights that were trained on under the same name.
        _ = try folder.makeFolder("model")
        for name in ["config.json", "model.safetensors"] {
            try folder.write(TemporaryFolder.read(GoldenCase.all[0].folder + "/" + name), to: "model/" + name)
        }
        unlink(folder("rows.partial"))
        let own = ["--model", folder("model")]
        #expect(try FoveaProcess.run(command + own + ["--fail-fast"]).status == .exited(3))
        var weights = try TemporaryFolder.read(folder("model/model.safetensors"))
        weights[weights.count - 4] ^= 1
        try folder.write(weights, to: "model/model.safetensors")
        let trained = try FoveaProcess.run(command + own + ["--resume"])
        #expect(trained.status == .exited(2) && trained.errors.contains("with weights of fingerprint "))
        // Rows whose note of the command was damaged, and rows of which nobody has noted it.
        try folder.write("{\"version\": ", to: "rows.partial.run")
        let damaged = try FoveaProcess.run(command.filter { $0 != "-q" } + own + ["--resume", "--fail-fast"])
        #expect(damaged.status == .exited(3))
        #expect(damaged.errors.contains("rows.partial.run cannot be read"), "\(damaged.errors)")
        unlink(folder("rows.partial.run"))
        let noted = try FoveaProcess.run(command.filter { $0 != "-q" } + own + ["--resume"])
        #expect(noted.status == .exited(1))
        #expect(noted.errors.contains("rows.partial.run is not there"), "\(noted.errors)")
        #expect(folder.names == ["model", "rows"])
    }

    @Test("the same command again keeps what an unfinished run has left, unless it may replace it")
    func again() throws {
        let folder = try TemporaryFolder()
        let command = arguments + pictures + ["--format", "jsonl", "--output", folder("rows")]
        #expect(try FoveaProcess.run(command + ["--fail-fast"]).status == .exited(3))
        let rows = try TemporaryFolder.read(folder("rows.partial"))
        #expect(!rows.isEmpty)
        let refused = try FoveaProcess.run(command)
        #expect(refused.status == .exited(8))
        #expect(refused.errorLines.count == 1)
        for word in ["rows.partial: ", "--resume", "--overwrite"] {
            #expect(refused.errors.contains(word), "\(refused.errors)")
        }
        #expect(folder.names == ["rows.partial", "rows.partial.run"])
        #expect(try TemporaryFolder.read(folder("rows.partial")) == rows)
        #expect(try FoveaProcess.run(command + ["--overwrite"]).status == .exited(1))
        #expect(folder.names == ["rows"])
        // Rows of another format are told as such, not as damaged ones.
        let csv = arguments + pictures + ["--format", "csv", "--output", folder("rows")]
        #expect(try FoveaProcess.run(csv + ["--fail-fast", "--overwrite"]).status == .exited(3))
        let other = try FoveaProcess.run(command + ["--resume", "--overwrite"])
        #expect(other.status == .exited(2))
        #expect(other.errors.contains("was begun with --format csv, but now it is jsonl"), "\(other.errors)")
        #expect(try FoveaProcess.run(command + ["--overwrite"]).status == .exited(1))
        // One without a row is nothing to keep.
        unlink(folder("rows"))
        try folder.write("", to: "rows.partial")
        #expect(try FoveaProcess.run(command).status == .exited(1))
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
