import OpenCLOperations
import OpenCLRuntime
import Operations
import Synchronization
import VisionModels

/// A session in float16 that computes a picture whose numbers pass 65504 again, alone and in float32.
///
/// Its neighbours in the batch keep their bits. An overflow is NaN from where it happens on, so that it always reaches the
/// result. The float32 model is loaded when it is needed for the first time.
final class OverflowFallbackSession: InferenceSession {
    private let session: any InferenceSession
    private let makeExact: () throws(FoveaError) -> any InferenceSession
    private let report: (@Sendable (String) -> Void)?
    private var exact: (any InferenceSession)?
    /// Held while the float32 model is loaded or computes: passes may be answered on several threads.
    private let exactLock = Mutex(())

    /// Guards a session.
    ///
    /// - Parameters:
    ///   - report: Is told, in a sentence, of pictures that were computed again.
    ///   - makeExact: Opens the same model in float32.
    init(
        _ session: any InferenceSession, report: (@Sendable (String) -> Void)?,
        orElse makeExact: @escaping () throws(FoveaError) -> any InferenceSession
    ) {
        (self.session, self.report, self.makeExact) = (session, report, makeExact)
    }

    var configuration: VisionTransformerConfiguration { session.configuration }
    var mapCounts: (blocks: Int?, pool: Int?) { session.mapCounts }
    var deviceName: String { session.deviceName }
    var selection: NarrowSelection? { session.selection }
    var deviceMemory: (used: Int, peak: Int)? { session.deviceMemory }
    var usualBatchSize: Int { session.usualBatchSize }
    var bufferCount: Int { session.bufferCount + (exact?.bufferCount ?? 0) }
    var lastSteps: [HostStep] { session.lastSteps }
    func takeProfile() throws(FoveaError) -> [LaunchTime] { try session.takeProfile() }

    private func exactSession() throws(FoveaError) -> any InferenceSession {
        if let exact { return exact }
        let made = try makeExact()
        exact = made
        return made
    }

    var passCount: Int { session.passCount }

    func run(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> HostTensor {
        try repaired(try session.run(input, output), of: input, output)
    }

    func begin(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> BegunPass {
        let begun = try session.begin(input, output)
        return BegunPass { () throws(FoveaError) in try self.repaired(try begun.answer(), of: input, output) }
    }

    private func repaired(
        _ result: HostTensor, of input: ModelInput, _ output: OutputKind
    ) throws(FoveaError) -> HostTensor {
        var result = result
        // Several layers lie one after the other, all pictures in each.
        let (count, layers) = (input.count, output.stackedLayerCount ?? 1)
        let length = result.shape.count / (layers * count)
        func places(of picture: Int) -> [Range<Int>] {
            (0..<layers).map { ($0 * count + picture) * length..<($0 * count + picture + 1) * length }
        }
        let overflowed = (0..<count).filter { picture in
            places(of: picture).contains { result.values[$0].contains { !$0.isFinite } }
        }
        guard !overflowed.isEmpty else { return result }
        for picture in overflowed {
            let again = try exactLock.withLock { _ throws(FoveaError) in
                try exactSession().run(input.picture(picture), output)
            }
            for (layer, place) in places(of: picture).enumerated() {
                result.values.replaceSubrange(place, with: again.values[layer * length..<(layer + 1) * length])
            }
        }
        report?(
            "\(overflowed.count) of \(count) pictures passed the range of float16 and were computed in float32")
        return result
    }
}

extension ModelInput {
    /// One of the pictures alone.
    fileprivate func picture(_ index: Int) -> ModelInput {
        switch self {
        case .pictures(let batch, let normalization):
            let length = batch.bytes.count / batch.count
            let bytes = Array(batch.bytes[index * length..<(index + 1) * length])
            return .pictures(
                PixelBatch(count: 1, height: batch.height, width: batch.width, bytes: bytes), normalization)
        case .tensor(let tensor):
            let length = tensor.shape.count / tensor.shape[0]
            let values = Array(tensor.values[index * length..<(index + 1) * length])
            return .tensor(HostTensor([1, tensor.shape[1], tensor.shape[2], tensor.shape[3]], values))
        }
    }
}
