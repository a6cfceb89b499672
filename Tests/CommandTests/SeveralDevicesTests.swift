import Checkpoints
import Glibc
import Testing

extension Trait where Self == ConditionTrait {
    /// Skips where the driver cannot show its device twice, and says so.
    static var requiresTwins: Self {
        .enabled(
            if: Twins.areThere, "no two OpenCL devices that are alike: PoCL shows its CPU device twice where asked to")
    }
}

/// Two devices of one name and driver: PoCL's own, shown twice.
enum Twins {
    static let environment = ["POCL_DEVICES": "pthread pthread"]

    /// Whether the first device has a twin, asked of the command once.
    static let areThere: Bool = {
        guard let outcome = try? FoveaProcess.run(["devices", "--format", "json"], environment: environment),
            let devices = (try? JSON(parsing: outcome.output))?["devices"]?.array, let first = devices.first
        else { return false }
        return devices.count { $0["name"] == first["name"] && $0["driver"] == first["driver"] } == 2
    }()
}

@Suite("--device all gives the rows of one device")
struct SeveralDevicesTests {
    private let folder: TemporaryFolder
    /// All examples with one that fails among them, in batches of which one is a rest.
    private let pictures: [String]

    init() throws {
        folder = try TemporaryFolder()
        var names = ExamplePictures.names.map { "\(ExamplePictures.folder)/\($0)" }
        names.insert(folder("missing.png"), at: 5)
        pictures = (0..<3).flatMap { _ in names } + ["--batch-size", "2", "--quiet"]
    }

    private func run(_ arguments: [String], on device: String) throws -> FoveaProcess.Outcome {
        try FoveaProcess.run(arguments + pictures + ["--device", device], environment: Twins.environment)
    }

    @Test("of classify, in order, each failure in its place", .requiresTwins)
    func classify() throws {
        let arguments = ["classify", "--format", "jsonl"]
        let (one, all) = (try run(arguments, on: "opencl:0"), try run(arguments, on: "all"))
        #expect(one.status == .exited(1) && all.status == .exited(1), "\(all.errors)")
        #expect(one.output.split(separator: "\n").count == 39)
        #expect(all.output == one.output && all.errors == one.errors)
    }

    @Test("of embed, byte for byte of the array", .requiresTwins)
    func embed() throws {
        let expected = try run(["embed", "--output", folder("one.npy")], on: "opencl:0")
        #expect(expected.status == .exited(1))
        let all = try run(["embed", "--output", folder("all.npy")], on: "all")
        #expect(all.status == .exited(1) && all.errors == expected.errors, "\(all.errors)")
        #expect(try TemporaryFolder.read(folder("all.npy")) == TemporaryFolder.read(folder("one.npy")))
    }

    @Test("of pipe, and of evaluate", .requiresTwins)
    func others() throws {
        let labeled = pictures.dropLast(3).map { "0;\($0)" } + [""]
        let list = try folder.write(labeled.joined(separator: "\n"), to: "list.txt")
        let requests = try folder.write(
            pictures.dropLast(3).map { JSON($0).text() + "\n" }.joined(), to: "requests.txt")
        let outputs = try ["opencl:0", "all"].map { device in
            let options = ["-q", "--device", device, "--batch-size", "2"]
            let answers = try FoveaProcess.run(
                ["pipe"] + options, standardInput: requests, environment: Twins.environment)
            let report = try FoveaProcess.run(
                ["evaluate", list, "--format", "json"] + options, environment: Twins.environment)
            #expect(answers.status == .exited(1) && report.status == .exited(1), "\(answers.errors)\(report.errors)")
            return answers.output + report.output
        }
        #expect(outputs[0] == outputs[1])
    }

    @Test(
        "up to the batch in which a device fails, and --resume goes on with one device as well", .requiresTwins,
        .requiresFaultLayer)
    func fault() throws {
        let layer = try #require(FaultLayer.path)
        let options = ["classify", "--format", "jsonl", "--output", folder("rows")]
        let fault = ["OPENCL_LAYERS": layer, "FOVEA_FAULT": "clEnqueueReadBuffer 5 -5"]
        let failed = try FoveaProcess.run(
            options + pictures + ["--device", "all"], environment: Twins.environment.merging(fault) { $1 })
        #expect(failed.status == .exited(7), "\(failed.errors)")
        let partial = try TemporaryFolder.read(folder("rows.partial"))
        let count = partial.count { $0 == UInt8(ascii: "\n") }
        // Four batches were read before it: at most three of them are behind it in the order of rows, and one that was still
        // being computed may be before it.
        #expect((2...10).contains(count) && count % 2 == 0, "\(count) rows")
        #expect(try run(options + ["--resume"], on: "opencl:0").status == .exited(1))
        let one = try run(["classify", "--format", "jsonl"], on: "opencl:0")
        #expect(try TemporaryFolder.read(folder("rows")) == Array(one.output.utf8))
    }

    @Test("--verbose tells how many; a single device is all there is")
    func single() throws {
        let star = ExamplePictures.path("star")
        let plain = try FoveaProcess.run(["classify", star, "--device", "all", "--verbose"])
        guard TestedDevice.openCL != nil else {
            #expect(plain.status == .exited(5))
            return
        }
        #expect(plain.status == .exited(0) && plain.errors.contains("computing on "), "\(plain.errors)")
        guard Twins.areThere else { return }
        let twice = try FoveaProcess.run(
            ["classify", star, "--device", "all", "--verbose"], environment: Twins.environment)
        #expect(twice.errors.contains("computing on 2 × "), "\(twice.errors)")
        #expect(twice.output == plain.output)
    }

    @Test(
        "measuring and comparing is of one device: a usage error that says how to name it",
        arguments: [["bench"], ["verify"], ["tune"], ["bench", "--device", "cpu", "--versus", "all"]])
    func refused(arguments: [String]) throws {
        let device = arguments.contains("--versus") ? [] : ["--device", "all"]
        let outcome = try FoveaProcess.run(arguments + device)
        #expect(outcome.status == .exited(2), "\(outcome.errors)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("opencl:0"), "\(outcome.errors)")
    }

    @Test("run takes the first, in the variable too", .requiresOpenCL)
    func first() throws {
        let array = folder("x.npy")
        _ = try FoveaProcess.results(["preprocess", "-q", ExamplePictures.path("star"), "--output", array])
        for (name, environment) in [("one", ["FOVEA_DEVICE": "opencl:0"]), ("all", ["FOVEA_DEVICE": "all"])] {
            _ = try FoveaProcess.results(
                ["run", "-q", "--input", array, "--output", folder(name)], environment: environment)
        }
        #expect(try TemporaryFolder.read(folder("one")) == TemporaryFolder.read(folder("all")))
    }
}
