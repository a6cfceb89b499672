import Checkpoints
import Operations
import Testing

@Suite("Configuration files")
struct ConfigurationTests {
    private static func configuration(_ text: String) throws -> Configuration {
        try Configuration(parsing: Array(text.utf8), file: "config.json")
    }

    @Test("Fields are read by path and type")
    func fields() throws {
        let configuration = try Self.configuration(
            #"{"hidden_size":192,"pretrained_cfg":{"crop_pct":0.9,"input_size":[3,224,224],"mean":[0.5,1,0],"tag":null},"qkv_bias":true,"hidden_act":"gelu"}"#
        )
        #expect(try configuration.integer("hidden_size") == 192)
        #expect(try configuration.double("hidden_size") == 192)
        #expect(try configuration.double("pretrained_cfg", "crop_pct") == 0.9)
        #expect(try configuration.integers("pretrained_cfg", "input_size") == [3, 224, 224])
        #expect(try configuration.doubles("pretrained_cfg", "mean") == [0.5, 1, 0])
        #expect(try configuration.string("pretrained_cfg", "tag") == nil)
        #expect(try configuration.bool("qkv_bias") == true)
        #expect(try configuration.string("hidden_act") == "gelu")
        #expect(try configuration.integer("absent", "deeper") == nil)
        #expect(try configuration.section("pretrained_cfg")?.double("crop_pct") == 0.9)
        #expect(configuration.value("pretrained_cfg", "mean")?[1]?.integer == 1)
    }

    @Test("A field of another type is refused by name")
    func types() throws {
        let configuration = try Self.configuration(
            #"{"hidden_size":"192","layer_norm_eps":1.0,"list":[1,2.5],"nested":{"x":true}}"#)
        expectFailure(.configurationType) { try configuration.integer("hidden_size") }
        expectFailure(.configurationType) { try configuration.integer("layer_norm_eps") }
        expectFailure(.configurationType) { try configuration.integers("list") }
        expectFailure(.configurationType) { try configuration.section("hidden_size") }
        let error = expectFailure(.configurationType) { try configuration.double("nested", "x") }
        #expect(
            error?.description == """
                config.json: has a field 'nested.x' that cannot be used: found true, expected a number; correct the field
                """)
        let rejection = configuration.rejecting("hidden_size", code: .configurationHeads, expected: "a multiple of 3")
        #expect(rejection.code == .configurationHeads && rejection.found == "\"192\"")
    }

    @Test(
        "Bad files are refused",
        arguments: [
            (#"{"a":1,}"#, .configurationJSON), (#"{"a":1,"a":1}"#, .configurationJSON), ("[]", .configurationJSON),
            ("", .configurationJSON), (#"{"a":NaN}"#, .configurationJSON), ("\u{FEFF}{}", .configurationUTF8),
            (#"{"a":1e400}"#, .configurationNumber), (String(repeating: "[", count: 100_000), .configurationJSON),
        ] as [(String, CheckpointError.Code)])
    func bad(text: String, code: CheckpointError.Code) {
        expectFailure(code) { try Self.configuration(text) }
    }

    @Test("Files are read whole, within a limit")
    func files() throws {
        let folder = try TemporaryFolder()
        expectFailure(.configurationMissing) { try Configuration(contentsOf: folder("config.json")) }
        try folder.write("{\n \"a\": x}", to: "config.json")
        let error = expectFailure(.configurationJSON) { try Configuration(contentsOf: folder("config.json")) }
        #expect(error?.description.contains("line 2, column 7") == true)
        try folder.write([UInt8](repeating: 0x20, count: Configuration.sizeLimit + 1), to: "config.json")
        expectFailure(.configurationLimit) { try Configuration(contentsOf: folder("config.json")) }
        expectFailure(.notRegularFile) { try Configuration(contentsOf: folder.path) }
    }
}

@Suite("Model locations")
struct ModelLocationTests {
    private static let sound = SafeTensorsBuilder.file([("a", [1], [1])])

    @Test("A folder with its configuration and weights")
    func folder() throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.sound, to: "model.safetensors")
        try folder.write(#"{"x":1}"#, to: "config.json")
        for path in [folder.path, folder.path + "/", folder("model.safetensors")] {
            let location = try ModelLocation(path)
            #expect(try location.openWeights().names == ["a"])
            #expect(try location.configuration("config.json")?.integer("x") == 1)
            #expect(try location.configuration("preprocessor_config.json") == nil)
        }
        expectFailure(.fileNotFound) { try ModelLocation(folder("none")) }
        expectFailure(.fileNotFound) { try ModelLocation("") }
    }

    @Test("The weight file is chosen by rule, or not at all")
    func choice() throws {
        let folder = try TemporaryFolder()
        try folder.write(#"{}"#, to: "config.json")
        try folder.write("x", to: "model.onnx")
        let none = expectFailure(.modelFormat) { try ModelLocation(folder.path).openWeights() }
        #expect(none?.found == "model.onnx")
        try folder.write(ZipBuilder.array().bytes, to: "weights.npz")
        #expect(try ModelLocation(folder.path).openWeights().file == folder("weights.npz"))
        try folder.write(Self.sound, to: "other.safetensors")
        #expect(try ModelLocation(folder.path).openWeights().file == folder("other.safetensors"))
        try folder.write(Self.sound, to: "another.safetensors")
        expectFailure(.modelFormat) { try ModelLocation(folder.path).openWeights() }
        try folder.write(#"{"weight_map":{"a":"other.safetensors"}}"#, to: "model.safetensors.index.json")
        #expect(try ModelLocation(folder.path).openWeights() is ShardedCheckpoint)
        try folder.write(Self.sound, to: "model.safetensors")
        #expect(try ModelLocation(folder.path).openWeights().file == folder("model.safetensors"))
    }

    @Test("A file is what is in it, whatever it is called")
    func content() throws {
        let folder = try TemporaryFolder()
        func open(_ bytes: [UInt8], _ name: String, _ formats: [WeightFormat] = []) throws -> any Checkpoint {
            try ModelLocation(try folder.write(bytes, to: name)).openWeights(formats: formats)
        }
        #expect(try open(Self.sound, "weights.npz") is SafeTensors)
        #expect(try open(Array(#"{"weight_map":{"a":"weights.npz"}}"#.utf8), "x.bin") is ShardedCheckpoint)
        #expect(try open(ZipBuilder.array().bytes, "model.safetensors") is NumPyArchive)
        expectFailure(.zipTruncated) { try open([0x50, 0x4B, 3, 4, 0, 0, 0, 0, 0, 0], "weights.npz") }
        expectFailure(.notSafeTensors) { try open(Array("<html><body>Not found".utf8), "weights.npz") }
        let hierarchical = [0x89] + Array("HDF\r\n\u{1A}\n".utf8)
        expectFailure(.modelFormat) { try open(hierarchical, "x.h5") }
        let format = WeightFormat(name: "HDF5", magic: hierarchical) { (path) throws(CheckpointError) in
            try SafeTensors(bytes: Self.sound, name: path)
        }
        #expect(try open(hierarchical, "x.safetensors", [format]).names == ["a"])
    }
}
