import Checkpoints
import Operations
import Testing

@Suite("fovea run refuses what makes no sense, and leaves no file")
struct RunErrorTests {
    private let golden = GoldenCase.all[0]

    /// Runs on an input made here, and expects a status and words.
    private func refuse(
        _ options: [String], input: String? = nil, status: Int32, saying words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let folder = try TemporaryFolder()
        let outcome = try FoveaProcess.run(
            [
                "run", "--model", golden.folder, "--input", input ?? golden.input, "--output", folder("y.npy"),
                "--device", "cpu",
            ] + options)
        #expect(outcome.status == .exited(status), "\(outcome.errors)", sourceLocation: sourceLocation)
        for word in words { #expect(outcome.errors.contains(word), sourceLocation: sourceLocation) }
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        #expect(folder.names.isEmpty, sourceLocation: sourceLocation)
    }

    @Test("a layer that the model does not have")
    func layer() throws { try refuse(["--kind", "layer:3"], status: 2, saying: ["no layer 3", "0 to 2"]) }

    @Test("a kind that is none", arguments: ["classes", "layer:", "layer:-1", "layer:1,x", "layer:1,"])
    func kind(kind: String) throws { try refuse(["--kind", kind], status: 2, saying: ["--kind", kind]) }

    @Test("an input that is not there, no array, or a folder")
    func unreadable() throws {
        try refuse([], input: "/nowhere/x.npy", status: 3, saying: ["/nowhere/x.npy", "does not exist"])
        try refuse([], input: golden.folder + "/config.json", status: 3, saying: ["not a NumPy array"])
        try refuse([], input: golden.folder, status: 3, saying: ["a directory"])
    }

    @Test("an array of another shape, type or size")
    func shapes() throws {
        let folder = try TemporaryFolder()
        func array(_ shape: Shape, _ name: String, value: Float = 0) throws -> String {
            try NumPyArray.write(HostTensor(shape, repeating: value), to: folder(name))
            return folder(name)
        }
        try refuse(
            [], input: array([1, 3, 40, 48], "size.npy"), status: 3, saying: ["40×48", "64×64", "size.npy"])
        try refuse([], input: array([3, 64, 64], "rank.npy"), status: 3, saying: ["[3, 64, 64]", "[B, 3, H, W]"])
        try refuse([], input: array([1, 4, 64, 64], "four.npy"), status: 3, saying: ["[1, 4, 64, 64]"])
        try refuse([], input: array([0, 3, 64, 64], "empty.npy"), status: 3, saying: ["[0, 3, 64, 64]"])
        try refuse(
            [], input: array([2, 3, 64, 64], "nan.npy", value: .nan), status: 3, saying: ["nan", "picture 0", "finite"])
    }

    @Test("NaN is found where it is")
    func nonFinite() throws {
        let folder = try TemporaryFolder()
        var tensor = HostTensor([2, 3, 64, 64], repeating: 0.5)
        tensor.values[3 * 64 * 64 + 7] = .infinity
        try NumPyArray.write(tensor, to: folder("x.npy"))
        try refuse([], input: folder("x.npy"), status: 3, saying: ["inf", "picture 1", "index 12295"])
    }

    @Test("a precision that no backend has yet", arguments: ["float16", "bfloat16", "int8"])
    func precision(precision: String) throws {
        try refuse(["--precision", precision], status: 5, saying: ["cpu (reference)", precision, "float32"])
    }

    @Test("a file that exists is replaced only with --overwrite")
    func overwrite() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", to: "y.npy")
        let arguments = [
            "run", "--model", golden.folder, "--input", golden.input, "--output", folder("y.npy"), "--device", "cpu",
        ]
        let refused = try FoveaProcess.run(arguments)
        #expect(refused.status == .exited(8))
        #expect(refused.errors.contains("exists already") && refused.errors.contains("--overwrite"))
        #expect(try TemporaryFolder.read(folder("y.npy")) == Array("mine".utf8))
        _ = try FoveaProcess.results(arguments + ["--overwrite"])
        #expect(try NumPyArray(contentsOf: folder("y.npy")).shape == [2, 11])
        #expect(folder.names == ["y.npy"])
    }
}
