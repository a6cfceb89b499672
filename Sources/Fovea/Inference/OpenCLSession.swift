import OpenCLOperations
import OpenCLRuntime
import Operations
import VisionModels

/// A model on an OpenCL device.
///
/// What is run for the first time with an input of some shape is captured; every further run only enqueues it.
final class OpenCLSession: InferenceSession {
    /// All that tells one pass from another.
    private struct PassKey: Hashable {
        let input: Shape
        let normalization: Normalization?
        let output: OutputKind
    }

    private struct Tensors {
        let input: DeviceTensor
        let outputs: [DeviceTensor]
    }

    /// Passes that are kept where memory allows it, for each has its own: whole batches, the last part of one, and a single
    /// picture.
    private static let passLimit = 3

    let deviceName: String
    private let backend: OpenCLBackend
    /// Nil where the device computes in host memory.
    private let lanes: TransferLanes?
    private let model: VisionTransformer<OpenCLBackend>
    private let isMultiLabel: Bool
    private let recordsSteps: Bool
    /// The passes captured so far, the one used last at the end.
    private var passes: [(key: PassKey, pass: CapturedPass<Tensors>)] = []
    private(set) var lastSteps: [HostStep] = []

    var configuration: VisionTransformerConfiguration { model.configuration }
    var mapCounts: (blocks: Int?, pool: Int?) { (model.blockMapCount, model.poolMapCount) }
    var selection: NarrowSelection? { backend.selection }
    var deviceMemory: (used: Int, peak: Int)? { backend.memory }
    var bufferCount: Int { backend.bufferCount }
    var passCount: Int { lanes == nil ? 1 : TransferLanes.count }

    var usualBatchSize: Int {
        guard let tile = backend.linearTile else { return BatchFit.usual }
        let device = backend.profile.device
        let fit = BatchFit(
            units: device.computeUnits, tile: tile, tokens: configuration.tokenCount, layers: configuration.blockLayers)
        let elementBytes = selection == nil ? MemoryLayout<Float>.size : MemoryLayout<Float16>.size
        return fit.pictures(among: fit.candidates(elementBytes: elementBytes, memory: device.globalMemory))
    }

    init(_ opened: OpenedModel, on device: Device, options: SessionOptions) throws {
        backend = try OpenCLBackend(device, tuned: options)
        lanes = try backend.makeTransferLanes()
        deviceName = device.name
        isMultiLabel = opened.isMultiLabel
        recordsSteps = options.backend.profiles
        model = try VisionTransformer(
            opened.plan, from: opened.checkpoint, on: backend, allowingNonFinite: options.allowsNonFinite)
    }

    func run(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> HostTensor {
        try withBytes(of: input, output) { key, bytes throws(OpenCLError) in
            guard let lanes else { return try run(key, on: bytes) }
            var steps = HostStepRecorder(isOn: recordsSteps)
            let begun = try begin(key, on: bytes, through: lanes, &steps)
            if recordsSteps {
                try? backend.finish()
                steps.end("wait")
            }
            let answer = try begun()
            steps.end("download")
            lastSteps = steps.steps
            return answer
        }
    }

    func begin(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> BegunPass {
        guard let lanes else {
            let answer = try run(input, output)
            return BegunPass { answer }
        }
        let begun = try withBytes(of: input, output) { key, bytes throws(OpenCLError) in
            var steps = HostStepRecorder(isOn: false)
            return try begin(key, on: bytes, through: lanes, &steps)
        }
        return BegunPass { () throws(FoveaError) in
            do {
                return try begun()
            } catch {
                throw FoveaError(error)
            }
        }
    }

    private func withBytes<Answer>(
        of input: ModelInput, _ output: OutputKind,
        _ body: (PassKey, UnsafeRawBufferPointer) throws(OpenCLError) -> Answer
    ) throws(FoveaError) -> Answer {
        try check(input, output)
        do {
            switch input {
            case .pictures(let batch, let normalization):
                let key = PassKey(input: batch.shape, normalization: normalization, output: output)
                return try batch.bytes.withUnsafeBytes { bytes throws(OpenCLError) in try body(key, bytes) }
            case .tensor(let tensor):
                let key = PassKey(input: tensor.shape, normalization: nil, output: output)
                return try tensor.values.withUnsafeBytes { bytes throws(OpenCLError) in try body(key, bytes) }
            }
        } catch {
            throw FoveaError(error)
        }
    }

    func takeProfile() throws(FoveaError) -> [LaunchTime] {
        do {
            return try backend.takeProfile()
        } catch {
            throw FoveaError(error)
        }
    }

    /// Upload, launches and download on one queue: the download waits for them all, and the bytes stay until then.
    private func run(_ key: PassKey, on bytes: UnsafeRawBufferPointer) throws(OpenCLError) -> HostTensor {
        let pass = try pass(for: key)
        var steps = HostStepRecorder(isOn: recordsSteps)
        do {
            try backend.upload(bytes, into: pass.tensors.input)
            steps.end("upload")
            try pass.enqueue(on: backend)
            steps.end("enqueue")
            if recordsSteps {
                try backend.finish()
                steps.end("wait")
            }
            var results: [HostTensor] = []
            for tensor in pass.tensors.outputs { results.append(try backend.download(tensor)) }
            steps.end("download")
            lastSteps = steps.steps
            return key.output.finish(results, isMultiLabel)
        } catch {
            // The queue may still read the caller's bytes.
            try? backend.finish()
            throw error
        }
    }

    /// Upload, launches and download through a lane: gives what waits for the answer, on any thread.
    private func begin(
        _ key: PassKey, on bytes: UnsafeRawBufferPointer, through lanes: TransferLanes, _ steps: inout HostStepRecorder
    ) throws(OpenCLError) -> () throws(OpenCLError) -> HostTensor {
        let pass = try pass(for: key)
        let lane = lanes.take()
        do {
            try lanes.upload(bytes, into: pass.tensors.input, through: lane)
            steps.end("upload")
            try pass.enqueue(on: backend)
            try lanes.startDownload(pass.tensors.outputs, through: lane)
            steps.end("enqueue")
        } catch {
            lanes.abandon(lane)
            throw error
        }
        let shapes = pass.tensors.outputs.map(\.shape)
        return { [isMultiLabel] () throws(OpenCLError) in
            key.output.finish(try lanes.finishDownload(shapes, through: lane), isMultiLabel)
        }
    }

    private func pass(for key: PassKey) throws(OpenCLError) -> CapturedPass<Tensors> {
        if let index = passes.lastIndex(where: { $0.key == key }) {
            if index != passes.count - 1 { passes.append(passes.remove(at: index)) }
            return passes[passes.count - 1].pass
        }
        if passes.count == Self.passLimit { passes.removeFirst() }
        while true {
            do throws(OpenCLError) {
                let pass = try capture(key)
                passes.append((key, pass))
                return pass
            } catch {
                guard error.kind == .outOfMemory, !passes.isEmpty else { throw error }
                // The memory of passes that are kept is wanted; the driver has it back once none of them is under way.
                passes.removeFirst()
                try backend.finish()
            }
        }
    }

    private func capture(_ key: PassKey) throws(OpenCLError) -> CapturedPass<Tensors> {
        try backend.capture { () throws(OpenCLError) in
            let input = try backend.emptyTensor(key.input, ofBytes: key.normalization != nil)
            let pixels: Pixels<DeviceTensor> = key.normalization.map { .rgb(input, $0) } ?? .normalized(input)
            let outputs = try model.outputs(key.output, of: pixels, on: backend, isMultiLabel: isMultiLabel)
            return Tensors(input: input, outputs: try outputs.map { x throws(OpenCLError) in try backend.widened(x) })
        }
    }
}
