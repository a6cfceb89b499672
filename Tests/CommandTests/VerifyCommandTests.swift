import Checkpoints
import Glibc
import Operations
import Testing

@testable import FoveaCommand

@Suite("fovea verify, devices and summary")
struct VerifyCommandTests {
    private let golden = GoldenCase(name: "timm-vit")

    @Test("verify holds on a stored case and says so")
    func agreement() throws {
        let output = try FoveaProcess.results(["verify", "--device", "cpu", "--golden", golden.folder])
        #expect(output.hasSuffix("\nall 3 checks hold\n"))
        for name in ["logits", "embedding", "tokens"] { #expect(output.contains("\n\(name) ")) }
    }

    @Test("verify ends with status 1 where one stored value is another, and tells where")
    func disagreement() throws {
        let folder = try TemporaryFolder()
        for name in ["input.npy", "config.json", "model.safetensors", "embedding.npy"] {
            try folder.write(TemporaryFolder.read("\(golden.folder)/\(name)"), to: name)
        }
        var logits = try #require(try golden.expected("logits"))
        let right = logits.values[7]
        logits.values[7] += 0.001
        try NumPyArray.write(logits, to: folder("logits.npy"))
        let outcome = try FoveaProcess.run(["verify", "--device", "cpu", "--golden", folder.path])
        #expect(outcome.status == .exited(1))
        #expect(outcome.output.hasSuffix("\n1 of 2 checks failed\n"))
        let failure = try #require(outcome.output.split(separator: "\n").first { $0.hasPrefix("FAILED logits: ") })
        #expect(failure.contains("at [0, 7]: "))
        #expect(failure.contains(" instead of \(right + 0.001), allowed 2e-05"))
    }

    @Test("verify compares an operation on the device in every kernel", .requiresOpenCL)
    func operation() throws {
        let output = try FoveaProcess.results(["verify", "--small", "--operation", "layer-norm"])
        let rows = output.split(separator: "\n").filter { $0.hasPrefix("layer-norm ") }
        #expect(rows.count == 3)
        #expect(rows.contains { $0.contains(" plain ") })
        #expect(output.hasSuffix("\nall 12 checks hold\n"))
    }

    @Test("errors without a bound are not counted among the checks that hold", .requiresOpenCL)
    func measured() throws {
        let output = try FoveaProcess.results([
            "verify", "--small", "--operation", "layer-norm", "--model", "demo", "--precision", "int8",
        ])
        let rows = output.split(separator: "\n").filter { $0.hasSuffix(" measured") }
        #expect(!rows.isEmpty)
        #expect(output.hasSuffix("; \(rows.count) errors were measured, without a bound\n"))
    }

    @Test("verify refuses what it cannot do")
    func refusals() throws {
        #expect(try FoveaProcess.run(["verify", "--device", "cpu"]).status == .exited(5))
        #expect(
            try FoveaProcess.run(["verify", "--device", "cpu", "--model", "demo", "--guarded"]).status == .exited(2))
        #expect(try FoveaProcess.run(["verify", "--operation", "convolution"]).status == .exited(2))
        #expect(try FoveaProcess.run(["verify", "--device", "cpu", "--golden", "/nowhere"]).status == .exited(3))
    }

    @Test("a model that cannot be opened is told before any operation is run", .requiresOpenCL)
    func modelFirst() throws {
        let outcome = try FoveaProcess.run(["verify", "--small", "--operation", "layer-norm", "--model", "/nowhere"])
        #expect(outcome.status == .exited(4) && outcome.output.isEmpty, "\(outcome.output)")
    }

    @Test("devices lists the reference where there is no driver")
    func noDriver() throws {
        let folder = try TemporaryFolder()
        let environment = ["OCL_ICD_VENDORS": folder.path, "OCL_ICD_FILENAMES": ""]
        let report = try JSON(
            parsing: FoveaProcess.results(["devices", "--format", "json"], environment: environment))
        #expect(report["devices"]?.array?.isEmpty == true)
        #expect(report["automatic"]?.string == "cpu")
        #expect(report["absence"]?.string?.contains("driver") == true)
        let text = try FoveaProcess.results(["devices"], environment: environment)
        #expect(text.contains("no OpenCL device: ") && text.contains("cpu: the reference"))
    }

    @Test("devices tells what an operation would get", .requiresOpenCL)
    func devices() throws {
        let report = try JSON(parsing: FoveaProcess.results(["devices", "--format", "json"]))
        let device = try #require(report["devices"]?[0])
        #expect(device["request"]?.string == "opencl:0")
        #expect(device["kernels"]?["linear"]?.array?.last?.string == "plain")
        #expect(device["globalMemory"]?.integer ?? 0 > 0)
    }

    @Test("summary counts ViT-B/16")
    func summary() throws {
        let arguments = ["summary", "--random", "vit_base_patch16_224"]
        let report = try JSON(parsing: FoveaProcess.results(arguments + ["--format", "json"]))
        #expect(report["parameters"]?.integer == 86_567_656)
        #expect(abs((report["flopPerImage"]?["total"]?.double ?? 0) - 35.1e9) < 0.05e9)
        #expect(report["tokens"]?.integer == 197)
        let text = try FoveaProcess.results(arguments)
        #expect(text.contains("parameters     86,567,656") && text.contains("GFLOP/image    35.128"))
        // The last block's MLP and projection, and what its other queries would ask, for one token of 197.
        #expect(text.contains("; a pass does 32."))
        #expect(text.contains("from tench, Tinca tinca"))
    }

    @Test("summary says an activation as the option does, and one head as one")
    func words() throws {
        let arguments = ["summary", "--activation", "gelu-tanh"]
        let report = try JSON(parsing: FoveaProcess.results(arguments + ["--format", "json"]))
        #expect(report["activation"]?.string == "gelu-tanh")
        #expect(try FoveaProcess.results(arguments).contains(" with gelu-tanh\n"))
        #expect(1.counted("head") == "1 head" && 1000.counted("class", "classes") == "1,000 classes")
    }
}
