import Checkpoints
import Testing

@Suite("fovea tune", .serialized)
struct TuneTests {
    private let folder: TemporaryFolder
    private var environment: [String: String] { ["FOVEA_CACHE_DIR": folder("cache")] }

    init() throws { folder = try TemporaryFolder() }

    /// Tunes the quickest kernels, under a driver that fails on programs for groups of 32 where a way to fail is given.
    private func tune(_ arguments: [String], failing end: String? = nil) throws -> FoveaProcess.Outcome {
        var environment = environment
        if let end {
            environment["OPENCL_LAYERS"] = FaultLayer.path
            environment["FOVEA_BAD_SOURCE"] = "#define GROUP 32\n"
            environment["FOVEA_BAD_END"] = end
        }
        return try FoveaProcess.run(["tune", "--operation", "layer-norm"] + arguments, environment: environment)
    }

    private var recordFile: String {
        get throws {
            let names = TemporaryFolder.names(in: folder("cache/tuning"))
            try #require(names.count == 1, "\(names)")
            return "cache/tuning/" + names[0]
        }
    }

    private func record() throws -> JSON {
        try JSON(parsing: TemporaryFolder.read(folder(recordFile)))
    }

    @Test("a candidate that takes its process down costs only itself, and what wins is kept", .requiresFaultLayer)
    func abort() throws {
        let outcome = try tune(["--format", "json"], failing: "abort")
        #expect(outcome.status == .exited(0), "\(outcome.errors)")
        let sentence = "rows with GROUP 32 is left out: the process that measured it was ended by signal 6"
        #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
        let report = try JSON(parsing: outcome.output)
        #expect(report["file"]?.string == folder(try recordFile))
        let tunings = try #require(report["tunings"]?.array)
        #expect(tunings.map { $0["name"]?.string } == ["rows"])
        let rows = tunings[0]
        let operations = rows["operations"]?.array?.compactMap(\.string)
        #expect(operations == ["attention-map", "gating", "layer-norm", "pooling", "query-key", "softmax"])
        // Others were tried before and after it.
        #expect(rows["lost"]?.integer == 1 && rows["tried"]?.integer ?? 0 >= 6)
        #expect(rows["shipped"]?["GROUP"]?.integer ?? 0 > 0)
        let found = try #require(rows["found"])
        #expect(found["GROUP"]?.integer != 32)
        #expect(try record()["tuning"]?["rows"] ?? .null == found)
        if found != .null { #expect(rows["ratio"]?.double ?? 1 < 0.98 && rows["noise"]?.double ?? 1 < 0.5) }
    }

    @Test("a candidate that hangs costs only its time", .requiresFaultLayer)
    func hang() throws {
        let outcome = try tune(["--candidate-seconds", "10", "--verbose"], failing: "hang")
        #expect(outcome.status == .exited(0), "\(outcome.errors)")
        let sentence = "rows with GROUP 32 is left out: the process that measured it did not answer within 10"
        #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
        #expect(outcome.errors.contains("rows with GROUP 64"))
        #expect(outcome.output.contains("\nrows: ") && outcome.output.contains(" of them lost"))
        #expect(outcome.output.contains("\nkept in \(folder.path)/cache/tuning/"))
    }

    @Test("a candidate that gives wrong answers is never timed", .requiresFaultLayer)
    func wrong() throws {
        let outcome = try tune(["--verbose"], failing: "corrupt")
        #expect(outcome.status == .exited(0), "\(outcome.errors)")
        #expect(
            outcome.errors.contains("rows with GROUP 32 is left out: layer norm 197×768: e = "), "\(outcome.errors)")
        #expect(!outcome.errors.contains("rows with GROUP 32: "))
        #expect(!outcome.output.contains("lost"))
    }

    @Test("a dry run tells the plan and keeps nothing", .requiresOpenCL)
    func dryRun() throws {
        let outcome = try FoveaProcess.run(["tune", "--dry-run"], environment: environment)
        #expect(outcome.status == .exited(0) && outcome.output.contains("  VECTOR "))
        let json = try FoveaProcess.results(["tune", "--dry-run", "--format", "json"], environment: environment)
        let tunings = try #require(JSON(parsing: json)["tunings"]?.array)
        #expect(tunings.count >= 3 && tunings.allSatisfy { $0["candidates"]?.object?.members.isEmpty == false })
        #expect(TemporaryFolder.names(in: folder("cache/tuning")).isEmpty)
    }

    @Test(
        "a record that is damaged, illegal or another device's is ignored, with a sentence", .requiresOpenCL,
        arguments: [
            ("\"format\": 1", "\"format\":", "was not used: it is not JSON"),
            ("\"driver\": \"", "\"driver\": \"another ", "belongs to another device, driver or version of Fovea"),
            ("\"tuning\": {}", "\"tuning\": {\"rows\": 7}", "it holds something else than integers"),
            ("\"tuning\": {}", "\"tuning\": {\"rows\": {\"VECTOR\": 5}}", "rows: VECTOR is 5, but may be one of"),
            ("\"tuning\": {}", "\"tuning\": {\"waves\": {\"VECTOR\": 4}}", "there is no tuning 'waves'"),
        ])
    func unusable(part: String, replacement: String, sentence: String) throws {
        #expect(try tune(["--seconds", "0.001"]).status == .exited(0))
        try edit(part, replacement)
        let arguments = ["classify", ExamplePictures.path("star"), "--format", "json", "--quiet"]
        let outcome = try FoveaProcess.run(arguments, environment: environment)
        #expect(outcome.status == .exited(0) && outcome.output.contains("star"))
        #expect(outcome.errors.contains(sentence) && outcome.errorLines.count == 1, "\(outcome.errors)")
    }

    @Test("a record is used by the next run, which verify checks", .requiresOpenCL)
    func use() throws {
        #expect(try tune(["--seconds", "0.001"]).status == .exited(0))
        let arguments = ["verify", "--small", "--operation", "layer-norm"]
        #expect(try !FoveaProcess.results(arguments, environment: environment).contains("as tuned"))
        try edit("\"tuning\": {}", "\"tuning\": {\"rows\": {\"GROUP\": 32, \"VECTOR\": 4}}")
        let output = try FoveaProcess.results(arguments, environment: environment)
        #expect(output.contains("portable as tuned") && output.contains("checks hold"), "\(output)")
    }

    private func edit(_ part: String, _ replacement: String) throws {
        let text = String(decoding: try TemporaryFolder.read(folder(recordFile)), as: UTF8.self)
        let pieces = text.split(separator: part, omittingEmptySubsequences: false)
        try #require(pieces.count == 2, "\(text)")
        try folder.write(pieces.joined(separator: replacement), to: try recordFile)
    }

    @Test("where nothing can be kept, nothing is measured", .requiresOpenCL)
    func unwritable() throws {
        try folder.write("", to: "cache")
        let outcome = try tune(["--verbose"])
        #expect(outcome.status == .exited(8))
        #expect(outcome.errors.contains("the tuning was not kept in \(folder.path)/cache/"), "\(outcome.errors)")
        #expect(outcome.errors.contains("FOVEA_CACHE_DIR") && !outcome.errors.contains("of the time"))
    }

    @Test("what cannot be tuned is refused")
    func refusals() throws {
        #expect(try FoveaProcess.run(["tune", "--device", "cpu"]).status == .exited(5))
        #expect(try FoveaProcess.run(["tune", "--device", "no such device"]).status == .exited(5))
        #expect(try FoveaProcess.run(["tune", "--device", "opencl:x"]).status == .exited(2))
        #expect(try FoveaProcess.run(["tune", "--seconds", "0"]).status == .exited(2))
        #expect(try FoveaProcess.run(["tune", "--operation", "convolution"]).status == .exited(2))
        let environment = ["OCL_ICD_VENDORS": "/nonexistent"]
        #expect(try FoveaProcess.run(["tune", "--device", "opencl:0"], environment: environment).status == .exited(5))
    }
}
