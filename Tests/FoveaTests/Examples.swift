import Fovea
import OperationCases
import Operations

// The Swift that the README, the articles and the documentation comments show, so that it is compiled. ExampleTests
// compares them: what stands between `begins` and `ends` is what they show behind their imports.

func readme() async throws {
    // EXAMPLE begins
    let classifier = try ImageClassifier(model: "demo")
    let pictures = ["Examples/pictures/star.jpg", "Examples/pictures/heart.jpg"]
    for (picture, result) in zip(pictures, try await classifier.classify(pictures, top: 1)) {
        for prediction in try result.get() {
            print(picture, prediction.label ?? "class \(prediction.index)", prediction.probability)
        }
    }
    // EXAMPLE ends
}

func classifierComment() async throws {
    // EXAMPLE begins
    let classifier = try ImageClassifier(model: "models/vit_base_patch16_224")
    for prediction in try await classifier.classify("cat.jpg") {
        print(prediction.description ?? "class \(prediction.index)", prediction.probability)
    }
    // EXAMPLE ends
}

func encoderComment() async throws {
    // EXAMPLE begins
    let encoder = try ImageEncoder(model: "timm/vit_small_patch14_dinov2.lvd142m")
    let vector = try await encoder.encode("cat.jpg", normalized: true)
    // EXAMPLE ends
    _ = vector
}

func resultsComment(_ classifier: ImageClassifier, _ paths: [String]) async throws {
    // EXAMPLE begins
    for try await (path, result) in classifier.classify(each: paths) {
        print(path, try result.get()[0])
    }
    // EXAMPLE ends
}

func search(_ paths: [String]) async throws {
    // EXAMPLE begins
    let encoder = try ImageEncoder(model: "timm/vit_small_patch14_dinov2.lvd142m")
    let wanted = try await encoder.encode("cat.jpg", normalized: true)
    var found: [(path: String, cosine: Float)] = []
    for try await (path, result) in encoder.encode(each: paths, normalized: true, batchSize: 8) {
        guard case .success(let vector) = result else { continue }
        found.append((path, zip(vector, wanted).reduce(0) { $0 + $1.0 * $1.1 }))
    }
    found.sort { $0.cosine > $1.cosine }
    // EXAMPLE ends
}

func troubles() async {
    // EXAMPLE begins
    do {
        let classifier = try ImageClassifier(model: "models/mine", device: "gpu")
        print(try await classifier.classify("cat.jpg"))
    } catch let error {
        switch error.category {
        case .noDevice: print("no GPU here: \(error.message)")
        case .model: print("\(error.code): \(error.message)")
        default: print(error.message)
        }
    }
    // EXAMPLE ends
}

func definition() {
    // EXAMPLE begins
    let backend = ReferenceBackend()
    let gateAndValue = HostTensor([1, 4], [0, 1, 10, 10])
    let y = backend.gate(gateAndValue, .silu)
    print(y.shape, y.values)
    // EXAMPLE ends
}

func cases() {
    // EXAMPLE begins
    for gating in OperationCases.all where gating.operation == .gating {
        let expected = gating.run(on: ReferenceBackend())
        print(gating, expected.shape, gating.work.flop, gating.tolerance)
    }
    // EXAMPLE ends
}
