import Checkpoints
import Fovea
import Testing
import VisionModels

@Suite("Predictions")
struct ClassificationTests {
    private let labels = Labels([
        Labels.Label("a", description: "first"), Labels.Label("b"), Labels.Label(""), Labels.Label("d"),
    ])

    @Test("best first, the lower number among equals, names where there are any")
    func order() throws {
        let logits: [Float] = [9, 9, 1, 3, 9, 3]  // the first two belong to another picture
        let top = try Classification.top(3, of: logits[2...], labels: labels, isMultiLabel: false)
        #expect(top.map(\.index) == [2, 1, 3])
        #expect(top.map(\.label) == [nil, "b", "d"])
        #expect(top.map(\.logit) == [9, 3, 3])
        #expect(abs(top.map(\.probability).reduce(0, +) - 1) < 1e-3)
        let all = try Classification.top(9, of: logits[2...], labels: nil, isMultiLabel: false)
        #expect(all.count == 4 && abs(all.map(\.probability).reduce(0, +) - 1) < 1e-12)
        #expect(all.allSatisfy { $0.label == nil && $0.description == nil })
    }

    @Test("scores beyond the range of exp, and independent classes")
    func extremes() throws {
        let huge = try Classification.top(2, of: [3e38, -3e38], labels: nil, isMultiLabel: false)
        #expect(huge.map(\.probability) == [1, 0])
        let sigmoids = try Classification.top(2, of: [0, 0], labels: nil, isMultiLabel: true)
        #expect(sigmoids.map(\.probability) == [0.5, 0.5])
    }

    @Test("a score that is none is never an answer", arguments: [Float.nan, .infinity, -.infinity])
    func notFinite(score: Float) {
        let error = #expect(throws: FoveaError.self) {
            try Classification.top(1, of: [1, score], labels: nil, isMultiLabel: false)
        }
        #expect(error?.code == "MODEL_NONFINITE_OUTPUT")
    }
}

@Suite("Words of the command line")
struct RequestTests {
    @Test("devices")
    func devices() {
        #expect(DeviceRequest("auto") == .automatic)
        #expect(DeviceRequest("gpu") == .gpu)
        #expect(DeviceRequest("cpu") == .reference)
        #expect(DeviceRequest("all") == .all)
        #expect(DeviceRequest("opencl:2") == .index(2))
        #expect(DeviceRequest("Radeon") == .name("Radeon"))
        #expect(DeviceRequest("opencl:x") == nil && DeviceRequest("opencl:-1") == nil && DeviceRequest("") == nil)
    }

    @Test("a device that is not there is refused with those that are")
    func absentDevice() {
        let error = #expect(throws: FoveaError.self) { try ComputeDevice(.name("no such device")) }
        #expect(error?.category == .noDevice)
        #expect(throws: FoveaError.self) { try ComputeDevice(.index(9999)) }
    }

    @Test("kinds of output")
    func kinds() {
        #expect(OutputKind("logits") == .logits)
        #expect(OutputKind("layer:3") == .layers([3]))
        #expect(OutputKind("layer:0,12") == .layers([0, 12]))
        #expect(OutputKind("attention:2,1") == .attention(AttentionChoice(.blocks([2, 1]))))
        #expect(OutputKind("attention:12:0,3") == .attention(AttentionChoice(.blocks([12]), heads: .some([0, 3]))))
        #expect(OutputKind("attention:pool:mean") == .attention(AttentionChoice(.pool, heads: .mean)))
        for wrong in [
            "", "logit", "layer:", "layer:1,", "layer:-1", "layer:x", "layer:1:2", "layer", "attention", "attention:",
            "attention:1:", "attention:pool,1", "attention:1:all,2", "attention:1:2:3",
        ] {
            #expect(OutputKind(wrong) == nil, "\(wrong)")
        }
    }

    @Test("a model that is not there", arguments: ["/no/such/folder", "no/such-model", "../x/y", "a/b/c"])
    func absentModel(name: String) {
        let error = #expect(throws: FoveaError.self) { try ModelFiles(name) }
        #expect(error?.category == .model && error?.code == "IO_NOT_FOUND")
    }
}
