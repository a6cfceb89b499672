import Glibc
import Testing

/// The layer of `Tests/Fixtures/OpenCLRuntime/FaultLayer.c`, which lets an OpenCL call of a child fail.
enum FaultLayer {
    /// The compiled layer; nil where there is no C compiler or no layer header.
    static let path: String? = {
        guard let folder else { return nil }
        let source = PackageRoot.path + "/Tests/Fixtures/OpenCLRuntime/FaultLayer.c"
        let isCompiled = ["clang", "cc"].contains { compiler in
            let command = [compiler, "-shared", "-fPIC", "-O1", "-w", "-o", folder("FaultLayer.so"), source]
            var words = command.map { strdup($0) } + [nil]
            defer { for word in words { free(word) } }
            var child: pid_t = 0
            guard posix_spawnp(&child, compiler, nil, nil, &words, environ) == 0 else { return false }
            return FoveaProcess.wait(for: child) == .exited(0)
        }
        return isCompiled ? folder("FaultLayer.so") : nil
    }()

    private nonisolated(unsafe) static let folder = try? TemporaryFolder()
}

extension Trait where Self == ConditionTrait {
    /// Skips where OpenCL calls cannot be made to fail.
    static var requiresFaultLayer: Self {
        .enabled(
            if: TestedDevice.openCL != nil && FaultLayer.path != nil,
            "needs an OpenCL device, a C compiler and the header CL/cl_layer.h")
    }
}

@Suite("each kind of trouble has its exit status and one sentence")
struct ExitStatusTests {
    private let star = ExamplePictures.path("star")

    private func expect(
        _ arguments: [String], environment: [String: String] = [:], status: Int32, saying words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = try FoveaProcess.run(["classify", "-q", star] + arguments, environment: environment)
        #expect(outcome.status == .exited(status), "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        #expect(outcome.errorLines.count == 1, "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.errors.hasPrefix("fovea: error: "), sourceLocation: sourceLocation)
        for word in words {
            #expect(outcome.errors.contains(word), "\(outcome.errors)", sourceLocation: sourceLocation)
        }
    }

    @Test("4: a model that is not there, or none")
    func model() throws {
        try expect(["--model", "/nowhere/model"], status: 4, saying: ["/nowhere/model"])
        try expect(["--model", "owner/never-pulled"], status: 4, saying: ["owner/never-pulled"])
        let folder = try TemporaryFolder()
        try expect(["--model", folder.path], status: 4, saying: [folder.path])
        try expect(["--model", star], status: 4, saying: [star])
        try folder.write(#"{"architecture": "swin_tiny", "pretrained_cfg": {}}"#, to: "config.json")
        try expect(["--model", folder.path], status: 4, saying: [folder.path, "weight"])
        try folder.write(#"{"architecture": "#, to: "config.json")
        try expect(["--model", folder.path], status: 4, saying: ["config.json", "JSON"])
    }

    @Test("2: what the files of a model contradict")
    func contradiction() throws {
        let model = ["--model", GoldenCase(name: "hf-vit").folder]
        try expect(model + ["--heads", "4"], status: 2, saying: ["config.json", "--heads 4", "num_attention_heads 3"])
        let name = ["--architecture", "vit_large_patch16_224"]
        try expect(model + name, status: 2, saying: ["config.json", name.joined(separator: " ")])
    }

    @Test("4: an array among the weights that holds no real numbers, which shows when it is read")
    func integers() throws {
        var bytes = try TemporaryFolder.read(PackageRoot.path + "/Tests/Fixtures/Checkpoints/jax-augreg.npz")
        // The header of head/bias, the only array of that shape.
        let header = Array("'<f4', 'fortran_order': False, 'shape': (5,)".utf8)
        let found = bytes.indices.first { bytes[$0...].starts(with: header) }
        let start = try #require(found, "no array of shape (5,)")
        bytes[start + 2] = UInt8(ascii: "i")
        let folder = try TemporaryFolder()
        try folder.write(bytes, to: "model.npz")
        try expect(
            ["--device", "cpu", "--resize", "squash", "--input-size", "8", "--model", folder("model.npz")], status: 4,
            saying: ["model.npz", "head/bias", "I32"])
    }

    @Test("4: the long story follows only with --verbose")
    func details() throws {
        let folder = try TemporaryFolder()
        // A distilled model has a second head, of which the configuration of a plain one knows nothing.
        for (name, file) in [("timm-vit", "config.json"), ("timm-deit-distilled", "model.safetensors")] {
            try folder.write(TemporaryFolder.read("\(GoldenCase(name: name).folder)/\(file)"), to: file)
        }
        let arguments = ["classify", star, "--device", "cpu", "--model", folder.path]
        let short = try FoveaProcess.run(arguments)
        #expect(short.status == .exited(4))
        #expect(short.errorLines.count == 1)
        for options in [["--verbose"], ["-v"], ["-vo", folder("rows")]] {
            let long = try FoveaProcess.run(arguments + options)
            #expect(long.status == .exited(4))
            let story = long.errorLines.drop { $0 != short.errorLines[0] }
            #expect(
                Array(story.dropFirst()) == ["  unexpected: head_dist.bias", "  unexpected: head_dist.weight"],
                "\(long.errors)")
        }
    }

    @Test("5: a device that is not there, with the devices there are")
    func device() throws {
        try expect(["--device", "no such maker"], status: 5, saying: ["'no such maker'"])
        try expect(["--device", "opencl:77"], status: 5, saying: ["77"])
        try expect(
            ["--device", "cpu", "--precision", "int8"], status: 5, saying: ["cpu (reference)", "int8", "float32"])
    }

    @Test("5: no driver at all; auto then computes with the reference")
    func noDriver() throws {
        let environment = ["OCL_ICD_VENDORS": "/nonexistent"]
        try expect(["--device", "opencl:0"], environment: environment, status: 5, saying: ["OpenCL"])
        let automatic = try FoveaProcess.results(
            ["classify", "-q", star, "--format", "json"], environment: environment)
        #expect(automatic.contains("\"device\": \"cpu (reference)\""))
        let told = try FoveaProcess.run(["classify", star], environment: environment).errors
        #expect(told.contains("for there is no OpenCL device. No OpenCL driver was found"), "\(told)")
        #expect(!told.contains(".;"), "\(told)")
    }

    @Test(
        "6, 7 and 70: memory, a lost device, and a mistake of ours", .requiresFaultLayer,
        arguments: [
            ("clCreateBuffer 3 -4", Int32(6)), ("clEnqueueNDRangeKernel 1 -5", 7), ("clEnqueueReadBuffer 1 -9999", 7),
            ("clSetKernelArg 1 -49", 70),
        ])
    func faults(fault: String, status: Int32) throws {
        let layer = try #require(FaultLayer.path)
        try expect(
            [], environment: ["OPENCL_LAYERS": layer, "FOVEA_FAULT": fault], status: status,
            saying: [fault.split(separator: " ").first.map(String.init) ?? ""])
    }
}
