import Checkpoints
import OpenCLOperations
import OpenCLRuntime
import Operations
import Testing
import VisionModels

@Suite("Small models give what timm and transformers give", .serialized)
struct GoldenTests {
    /// README's promise for float32 on logits, embeddings and tokens.
    static let tolerance = 2e-5

    static let device: Device? = (try? Device.discover())?.first { DeviceProfile($0).isEligibleForAutomaticChoice }

    @Test("on the reference", arguments: GoldenCase.all)
    func reference(golden: GoldenCase) throws {
        try check(golden, on: ReferenceBackend())
    }

    @Test(
        "on the device, layer norm apart and fused",
        .enabled(if: device != nil, "no OpenCL device here: install PoCL (Scripts/install-packages)"),
        arguments: GoldenCase.all)
    func openCL(golden: GoldenCase) throws {
        let device = try #require(Self.device)
        for fuses in [false, true] {
            var options = OpenCLBackend.Options()
            options.fillsWithNaN = true
            options.fusesLayerNorm = fuses
            try check(golden, on: OpenCLBackend(device, options: options))
        }
    }

    private func check<B: Backend>(_ golden: GoldenCase, on b: B) throws {
        let description = try golden.model
        let model = try VisionTransformer(ModelPlan(description), from: description.checkpoint, on: b)
        let pixels = Pixels.normalized(try b.upload(try #require(try golden.array("input"))))
        if let expected = try golden.array("logits") {
            let e = deviation(try b.download(model.logits(of: pixels, on: b)), from: expected)
            #expect(e <= Self.tolerance, "logits")
        }
        if let expected = try golden.array("embedding") {
            let e = deviation(try b.download(model.embedding(of: pixels, on: b)), from: expected)
            #expect(e <= Self.tolerance, "embedding")
        }
        if let expected = try golden.array("tokens") {
            let e = deviation(try b.download(model.tokens(of: pixels, on: b)), from: expected)
            #expect(e <= Self.tolerance, "tokens")
        }
    }
}
