package import OpenCLOperations
import OpenCLRuntime
package import Operations
package import VisionModels

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
    /// How products in less than float32 are computed; nil in float32.
    var selection: NarrowSelection? { get }
    /// Device memory in use and at its peak, in bytes; nil where it is host memory like any other.
    var deviceMemory: (used: Int, peak: Int)? { get }
    /// Buffers that passes have made so far; constant in steady state.
    var bufferCount: Int { get }

    /// Heads that blocks have maps of, and heads of the pooling; nil where there is no such map.
    var mapCounts: (blocks: Int?, pool: Int?) { get }

    /// Runs the model. Throws `FoveaError`: `usage` for an output the model lacks or an input that does not fit it.
    func run(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> HostTensor
    /// How many passes may be under way at once.
    var passCount: Int { get }
    /// Begins a pass, as `run` would, and does not wait for it where the device can do more than one thing at a time.
    ///
    /// The input is the caller's again at once. No more than `passCount` passes may be begun whose answers were not taken,
    /// and every answer must be. Throws as `run` does.
    func begin(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> BegunPass
    /// The time of every launch since the last call; empty unless the session was made to profile.
    func takeProfile() throws(FoveaError) -> [LaunchTime]
    /// How many pictures a batch should have where nobody says: what fills the device.
    var usualBatchSize: Int { get }
    /// What the host did in the last run; empty unless the session was made to profile.
    var lastSteps: [HostStep] { get }
}

extension InferenceSession {
    /// Nothing: only sessions on a device have steps to tell.
    package var lastSteps: [HostStep] { [] }

    /// One: whoever begins it does it.
    package var passCount: Int { 1 }

    /// Runs the pass.
    package func begin(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> BegunPass {
        let answer = try run(input, output)
        return BegunPass { answer }
    }

    /// As on a CPU device.
    package var usualBatchSize: Int { BatchFit.usual }

    /// What products are computed in.
    package var precision: Precision { selection?.product.precision ?? .float32 }
}

/// How a session differs from the default.
package struct SessionOptions: Sendable {
    /// Options of the OpenCL backend.
    package var backend = OpenCLBackend.Options()
    /// Whether weights may hold NaN and infinity.
    package var allowsNonFinite = false
    /// Where tunings that `fovea tune` measured, and what probes found, are kept; nil to use none.
    package var records: DeviceRecords? = .standard
    /// Whether the device is put to its probes whatever is kept of them, and nothing is kept of these.
    package var probesAnew = false
    /// Is told, in a sentence, why what is kept was not used, and what the device computes wrongly.
    package var report: (@Sendable (String) -> Void)?

    /// The default: programs are kept in the user's cache.
    package init() { backend.programCache = ProgramCache.standard }
}

extension OpenedModel {
    /// Puts the model on a device, reading its weights; an array in them that cannot be read is of category `model`.
    package func session(
        on device: ComputeDevice, options: SessionOptions = SessionOptions()
    ) throws(FoveaError) -> any InferenceSession {
        do {
            switch device {
            case .reference:
                return try ReferenceSession(self, options: options)
            case .openCL(let openCLDevice):
                let session = try OpenCLSession(self, on: openCLDevice, options: options)
                guard session.precision == .float16 else { return session }
                var exact = options
                (exact.backend.precision, exact.backend.narrowForm) = (.float32, nil)
                return OverflowFallbackSession(session, report: options.report) { [exact] () throws(FoveaError) in
                    try self.session(on: device, options: exact)
                }
            }
        } catch {
            throw FoveaError(ofModel: error)
        }
    }
}

extension OpenedModel {
    /// Puts the model on each of some devices that are alike.
    ///
    /// Throws category `deviceFailed` where one of them cannot compute as the first does: their answers would differ.
    package func sessions(
        on devices: [ComputeDevice], options: SessionOptions = SessionOptions()
    ) throws(FoveaError) -> sending [any InferenceSession] {
        var sessions: [any InferenceSession] = []
        for device in devices {
            let session = try session(on: device, options: options)
            if let first = sessions.first, session.arithmetic != first.arithmetic {
                throw FoveaError(
                    .deviceFailed, code: "DEVICES_DIFFER",
                    "\(devices[sessions.count].title) computes in \(session.arithmetic), but \(devices[0].title) in "
                        + "\(first.arithmetic), so that their answers would differ; check both with fovea verify, or use one "
                        + "of them alone")
            }
            sessions.append(session)
        }
        return sessions
    }
}

extension InferenceSession {
    /// The precision, and how it multiplies where that is less than float32.
    package var arithmetic: String {
        guard let selection else { return precision.rawValue }
        let (product, attention) = (selection.product, selection.attention)
        if selection.attendsInFloat32 { return "\(product) with attention in float32" }
        guard let attention, attention != product.form.instruction else { return "\(product)" }
        return "\(product) with attention by \(attention.form.rawValue)"
    }
}

extension InferenceSession {
    /// Refuses what does not fit before a device sees it.
    func check(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) {
        try check(input)
        try output.check(against: configuration)
        if case .attention(let choice) = output { try check(choice) }
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

extension InferenceSession {
    private func check(_ choice: AttentionChoice) throws(FoveaError) {
        let count: Int?
        switch choice.layers {
        case .blocks:
            count = mapCounts.blocks
            guard count != nil else {
                throw FoveaError(
                    .usage, code: "NO_MAP",
                    "\(configuration.architecture) subtracts one attention from another, so that it has no map of weights; "
                        + "ask for layers")
            }
        case .pool:
            count = mapCounts.pool
            guard count != nil else {
                throw FoveaError(
                    .usage, code: "NO_MAP",
                    "\(configuration.architecture) does not pool its tokens by attention; ask for blocks 1 to "
                        + "\(configuration.depth)")
            }
        }
        guard case .some(let heads) = choice.heads, let count, let wrong = heads.first(where: { $0 >= count }) else {
            return
        }
        throw FoveaError(
            .usage, code: "NO_HEAD_MAP",
            "there is no head \(wrong): \(configuration.architecture) has heads 0 to \(count - 1) there")
    }
}
