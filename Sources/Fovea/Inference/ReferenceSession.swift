import OpenCLOperations
import Operations
import VisionModels

/// A model on the reference backend.
final class ReferenceSession: InferenceSession {
    private let backend = ReferenceBackend()
    private let model: VisionTransformer<ReferenceBackend>
    private let isMultiLabel: Bool

    let deviceName = ComputeDevice.reference.name
    let selection: NarrowSelection? = nil
    let deviceMemory: (used: Int, peak: Int)? = nil
    let bufferCount = 0

    var configuration: VisionTransformerConfiguration { model.configuration }
    var mapCounts: (blocks: Int?, pool: Int?) { (model.blockMapCount, model.poolMapCount) }

    init(_ opened: OpenedModel, options: SessionOptions) throws {
        isMultiLabel = opened.isMultiLabel
        model = try VisionTransformer(
            opened.plan, from: opened.checkpoint, on: backend, allowingNonFinite: options.allowsNonFinite)
    }

    func run(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> HostTensor {
        try check(input, output)
        let pixels: Pixels<HostTensor> =
            switch input {
            case .pictures(let batch, let normalization): .rgb(backend.upload(batch), normalization)
            case .tensor(let tensor): .normalized(tensor)
            }
        return output.finish(model.outputs(output, of: pixels, on: backend, isMultiLabel: isMultiLabel), isMultiLabel)
    }

    func takeProfile() -> [LaunchTime] { [] }
}
