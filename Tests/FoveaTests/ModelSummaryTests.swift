import Fovea
import OpenCLRuntime
import Operations
import Testing
import VisionModels

@Suite("What a model costs")
struct ModelSummaryTests {
    private func summary(_ name: String) throws -> ModelSummary {
        ModelSummary(try ModelFiles.random(name).open(), preprocessing: nil, labels: nil)
    }

    @Test("ViT-B/16: 86,567,656 parameters, 35.1 GFLOP a picture")
    func base() throws {
        let summary = try summary("vit_base_patch16_224")
        #expect(summary.parameterCount == 86_567_656)
        let work = summary.configuration.work
        #expect(abs(work.total - 35.1e9) < 0.05e9)
        // 196 patches of 768 values to 768; 197 tokens; 768 → 2304, 768 → 768, 768 → 3072, 3072 → 768; 1000 classes.
        let (patches, tokens, widths): (Double, Double, Double) = (196, 197, 2304 + 768 + 3072 + 3072)
        #expect(work.embedding == 2 * patches * 768 * 768)
        #expect(work.attention == 12 * 4 * tokens * tokens * 768)
        #expect(work.linear == 12 * 2 * tokens * 768 * widths)
        #expect(work.head == 2 * 768 * 1000)
        let sum = work.embedding + work.attention + work.linear + work.head
        #expect(work.total == sum)
    }

    @Test("a distilled model has two heads and a token more")
    func distilled() throws {
        let configuration = try summary("deit_tiny_distilled_patch16_224").configuration
        #expect(configuration.tokenCount == 198)
        #expect(configuration.work.head == 2 * 2 * 192 * 1000)
    }

    @Test("memory that is estimated is what a pass takes on the device, within a tenth", .requiresOpenCL)
    func memory() throws {
        let opened = try ModelFiles("demo").open()
        let summary = ModelSummary(opened, preprocessing: nil, labels: nil)
        for batchSize in [8, 32] {
            let session = try opened.session(on: TestDevice.require())
            let weights = try #require(session.deviceMemory).used
            #expect(abs(Double(weights) / Double(summary.weightBytes) - 1) < 0.1)
            try ModelBenchmark(session, batchSize: batchSize).run()
            let activations = try #require(session.deviceMemory).peak - weights
            let estimate = summary.activationBytes(batchSize: batchSize)
            #expect(abs(Double(activations) / Double(estimate) - 1) < 0.1, "\(activations) against \(estimate)")
        }
    }

    @Test("the demo's recipe is told in a line")
    func recipe() throws {
        #expect(
            try ModelFiles("demo").preprocessing().sentence
                == "resize the shorter side to 64, bicubic; center crop 64×64; "
                + "(byte / 255 − [0.5, 0.5, 0.5]) / [0.5, 0.5, 0.5]")
    }
}
