package import OpenCLOperations
import OpenCLRuntime
package import Operations
package import VisionModels

/// What a session computes: `--kind`.
package enum OutputKind: Sendable, Hashable {
    /// Class scores `[B, classes]`.
    case logits
    /// Softmax of the scores, or their sigmoids for independent classes, `[B, classes]`.
    case probabilities
    /// What the classifier reads, `[B, D]`.
    case embedding
    /// The last hidden state, `[B, T, D]`.
    case tokens
    /// The residual stream after blocks 1 to depth, or before the first as 0: `[B, T, D]`, or `[L, B, T, D]` for several.
    case layers([Int])

    /// Reads `logits`, `probabilities`, `embedding`, `tokens`, `layer:N` or `layer:N,M`; nil for anything else.
    package init?(_ text: String) {
        switch text {
        case "logits": self = .logits
        case "probabilities": self = .probabilities
        case "embedding": self = .embedding
        case "tokens": self = .tokens
        default:
            guard text.hasPrefix("layer:") else { return nil }
            let numbers = text.dropFirst(6).split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            let layers = numbers.compactMap { $0 }
            guard layers.count == numbers.count, layers.allSatisfy({ $0 >= 0 }) else { return nil }
            self = .layers(layers)
        }
    }
}

/// What a session looks at.
package enum ModelInput: Sendable {
    /// Pictures of the model's size, and how to normalize their bytes.
    case pictures(PixelBatch, Normalization)
    /// Values already normalized, `[B, 3, height, width]`.
    case tensor(HostTensor)

    /// Number of pictures.
    package var count: Int {
        switch self {
        case .pictures(let batch, _): batch.count
        case .tensor(let tensor): tensor.shape[0]
        }
    }
}

/// A model on a device.
///
/// Not `Sendable`: one thread at a time.
package protocol InferenceSession: AnyObject {
    /// Sizes and choices of the model.
    var configuration: VisionTransformerConfiguration { get }
    /// The name of the device, for results.
    var deviceName: String { get }
    /// Device memory in use and at its peak, in bytes; nil where it is host memory like any other.
    var deviceMemory: (used: Int, peak: Int)? { get }
    /// Buffers that passes have made so far; constant in steady state.
    var bufferCount: Int { get }

    /// Runs the model. Throws `FoveaError`: `usage` for an output the model lacks or an input that does not fit it.
    func run(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> HostTensor
    /// The time of every launch since the last call; empty unless the session was made to profile.
    func takeProfile() throws(FoveaError) -> [LaunchTime]
    /// What the host did in the last run; empty unless the session was made to profile.
    var lastSteps: [HostStep] { get }
}

extension InferenceSession {
    /// Nothing: only sessions on a device have steps to tell.
    package var lastSteps: [HostStep] { [] }
}

/// How a session differs from the default.
package struct SessionOptions: Sendable {
    /// Options of the OpenCL backend.
    package var backend = OpenCLBackend.Options()
    /// Whether weights may hold NaN and infinity.
    package var allowsNonFinite = false
    /// Where tunings that `fovea tune` measured are kept; nil to use none.
    package var records: DeviceRecords? = .standard
    /// Is told, in a sentence, why a tuning that is kept was not used.
    package var report: (@Sendable (String) -> Void)?

    /// The default: programs are kept in the user's cache.
    package init() { backend.programCache = ProgramCache.standard }
}

extension OpenedModel {
    /// Puts the model on a device.
    package func session(
        on device: ComputeDevice, options: SessionOptions = SessionOptions()
    ) throws(FoveaError) -> any InferenceSession {
        do {
            switch device {
            case .reference:
                return try ReferenceSession(self, options: options)
            case .openCL(let openCLDevice):
                return try OpenCLSession(self, on: openCLDevice, options: options)
            }
        } catch {
            throw FoveaError(error)
        }
    }
}

extension InferenceSession {
    /// Refuses what does not fit before a device sees it.
    func check(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) {
        try check(input)
        try output.check(against: configuration)
    }

    private func check(_ input: ModelInput) throws(FoveaError) {
        let (height, width) = (configuration.imageHeight, configuration.imageWidth)
        let (shape, fits) =
            switch input {
            case .pictures(let batch, _): (batch.shape, batch.height == height && batch.width == width)
            case .tensor(let x): (x.shape, x.shape.rank == 4 && x.shape.dimensions.dropFirst() == [3, height, width])
            }
        guard fits, shape.count > 0 else {
            throw FoveaError(
                .usage, code: "INPUT_SHAPE",
                "the input has shape \(shape), but \(configuration.architecture) reads [B, 3, \(height), \(width)]; "
                    + "give it pictures of that size")
        }
        if case .tensor(let x) = input, let index = x.values.firstIndex(where: { !$0.isFinite }) {
            throw FoveaError(
                .input, code: "INPUT_NONFINITE",
                "the input holds \(x.values[index]) at index \(index); every value must be finite")
        }
    }
}

extension OutputKind {
    /// Throws `FoveaError` of category `usage` where a model has no such output.
    package func check(against configuration: VisionTransformerConfiguration) throws(FoveaError) {
        switch self {
        case .logits where configuration.classes == nil, .probabilities where configuration.classes == nil:
            throw FoveaError(
                .usage, code: "NO_HEAD",
                "\(configuration.architecture) has no classification head here; ask for embedding or tokens")
        case .layers(let layers):
            guard let wrong = layers.first(where: { $0 > configuration.depth }) else { break }
            throw FoveaError(
                .usage, code: "NO_LAYER",
                "there is no layer \(wrong): \(configuration.architecture) has layers 0 to \(configuration.depth)")
        default: break
        }
    }
}
