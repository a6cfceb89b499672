import Checkpoints
import Glibc
import Operations
import Testing

@testable import FoveaCommand

@Suite("fovea embed describes pictures by vectors")
struct EmbedTests {
    private let inputs = [ExamplePictures.path("star"), "/nowhere/a, \"b\".png", ExamplePictures.path("dots")]
    /// A model that takes little time.
    private let small = ["--device", "cpu", "--model", GoldenCase.all[0].folder]

    /// Embeds the inputs above, of which one fails.
    private func embed(to path: String, _ options: [String] = []) throws -> FoveaProcess.Outcome {
        let outcome = try FoveaProcess.run(["embed", "-q"] + inputs + ["--output", path] + options)
        try #require(outcome.status == .exited(1), "\(outcome.errors)")
        return outcome
    }

    @Test("the three formats hold the same numbers, and a failed picture has its place")
    func formats() throws {
        let folder = try TemporaryFolder()
        for format in ["npy", "csv", "jsonl"] {
            let outcome = try embed(to: folder("rows." + format), small)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains(inputs[1]))
        }
        #expect(folder.names == ["rows.csv", "rows.jsonl", "rows.npy"])
        let array = try NumPyArray(contentsOf: folder("rows.npy"))
        #expect(array.scalarType == .float32)
        let values = try array.tensor()
        let width = values.shape[1]
        #expect(values.shape.dimensions == [3, width])
        let rows = (0..<3).map { Array(values.values[$0 * width..<($0 + 1) * width]) }
        #expect(rows[1].allSatisfy { $0.isNaN })
        #expect(rows[0].allSatisfy { $0.isFinite } && rows[2].allSatisfy { $0.isFinite } && rows[0] != rows[2])

        let lines = String(decoding: try TemporaryFolder.read(folder("rows.jsonl")), as: UTF8.self)
            .split(separator: "\n")
        let objects = try lines.map { try JSON(parsing: String($0)) }
        #expect(objects.map { $0["input"]?.string } == inputs)
        #expect(objects[1].object?.keys == ["input", "error", "code"])
        #expect(objects[0]["embedding"]?.doubles?.map { Float($0) } == rows[0])

        let text = String(decoding: try TemporaryFolder.read(folder("rows.csv")), as: UTF8.self)
        let records = ClassifyFormatTests.records(text)
        #expect(records[0] == ["input"] + (0..<width).map { "e\($0)" } + ["error"])
        #expect(records.dropFirst().map { $0[0] } == inputs)
        #expect(records[3][1...width].compactMap { Float($0) } == rows[2])
        #expect(records[2][1...width].allSatisfy { $0.isEmpty } && records[2][width + 1].contains("no such file"))
    }

    @Test(
        "the vector is what run --kind embedding gives for what preprocess shows",
        arguments: ["timm-vit", "timm-deit-distilled", "hf-clip-vision", "timm-sapiens2"].map { GoldenCase(name: $0) })
    func agreesWithRun(golden: GoldenCase) throws {
        let folder = try TemporaryFolder()
        let model = ["--device", "cpu", "--model", golden.folder, "--quiet"]
        let input = try NumPyArray(contentsOf: golden.input).shape
        let recipe = ["--resize", "squash", "--input-size", "\(input[2])x\(input[3])"]
        _ = try FoveaProcess.results(["embed", inputs[0], "--output", folder("e.npy")] + recipe + model)
        _ = try FoveaProcess.results(
            ["preprocess", inputs[0], "--output", folder("x.npy"), "--model", golden.folder, "--quiet"] + recipe)
        _ = try FoveaProcess.results(
            ["run", "--kind", "embedding", "--input", folder("x.npy"), "--output", folder("y.npy")] + model)
        let embedded = try NumPyArray(contentsOf: folder("e.npy")).tensor()
        let expected = try NumPyArray(contentsOf: folder("y.npy")).tensor()
        #expect(embedded.shape == expected.shape)
        #expect(deviation(embedded, from: expected) <= RunGoldenTests.tolerance)
    }

    @Test("--normalize gives vectors of length 1 in the same direction")
    func normalize() throws {
        let folder = try TemporaryFolder()
        _ = try embed(to: folder("raw.npy"), small)
        _ = try embed(to: folder("unit.npy"), small + ["--normalize"])
        let raw = try NumPyArray(contentsOf: folder("raw.npy")).tensor()
        let unit = try NumPyArray(contentsOf: folder("unit.npy")).tensor()
        let width = raw.shape[1]
        for row in [0, 2] {
            let range = row * width..<(row + 1) * width
            let length = raw.values[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(length > 1.5 || length < 0.5, "a vector of length 1 shows nothing")
            for (scaled, value) in zip(unit.values[range], raw.values[range]) {
                #expect(abs(Double(scaled) * length - Double(value)) <= 1e-6 * length)
            }
        }
        #expect(unit.values[width..<2 * width].allSatisfy { $0.isNaN })
    }

    @Test("a name that says no format is a usage error, and --resume refuses another model and no rows")
    func refusals() throws {
        let folder = try TemporaryFolder()
        for name in ["rows.txt", "rows", "npy"] {
            let outcome = try FoveaProcess.run(["embed", inputs[0], "--output", folder(name)])
            #expect(outcome.status == .exited(2))
            #expect(outcome.errors.contains(".npy, .csv or .jsonl"))
        }
        #expect(folder.names.isEmpty)
        try #require(mkfifo(folder("rows.npy"), 0o600) == 0)
        let pipe = try FoveaProcess.run(["embed", inputs[0], "--output", folder("rows.npy")])
        #expect(pipe.status == .exited(8))
        #expect(pipe.errors.contains("is not a regular file"))
        unlink(folder("rows.npy"))
        for format in ["npy", "csv"] {
            let path = folder("rows." + format)
            let other = ["embed", "-q"] + inputs + ["--output", path, "--device", "cpu", "--resume", "--model"]
            _ = try embed(to: path, small)
            let rows = try TemporaryFolder.read(path)
            try folder.write(rows, to: "rows.\(format).partial")
            if format == "npy" { try folder.write(inputs.map { $0 + "\0" }.joined(), to: "rows.npy.partial.names") }
            unlink(path)
            let wider = try FoveaProcess.run(other + [GoldenCase(name: "timm-eva02-clip").folder])
            #expect(wider.status == .exited(2))
            #expect(wider.errors.contains("numbers, but the model gives"), "\(wider.errors)")
            try folder.write(
                "no rows of ours\nat all, by no means whatever; and longer than the header of an array is, "
                    + "which has a hundred and twenty-eight bytes", to: "rows.\(format).partial")
            let foreign = try FoveaProcess.run(other + [GoldenCase.all[0].folder])
            #expect(foreign.status == .exited(8))
            #expect(foreign.errors.contains("rows.\(format).partial"), "\(foreign.errors)")
        }
    }
}
