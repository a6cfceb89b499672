import Checkpoints
import Imaging
import Operations
import VisionModels

/// Names what pictures show, with a Vision Transformer on any OpenCL device.
///
/// ```swift
/// let classifier = try ImageClassifier(model: "models/vit_base_patch16_224")
/// for prediction in try await classifier.classify("cat.jpg") {
///     print(prediction.description ?? "class \(prediction.index)", prediction.probability)
/// }
/// ```
/// An actor, because a device queue serves one pass at a time.
public actor ImageClassifier {
    private let session: any InferenceSession
    private let reader: PictureReader
    private let labels: Labels?
    private let isMultiLabel: Bool

    /// The name of the device that computes.
    public nonisolated let deviceName: String
    /// Number of classes.
    public nonisolated let classCount: Int

    /// Loads a model and puts it on a device.
    ///
    /// - Parameters:
    ///   - model: A folder as timm or transformers saves it, a weight file beside its configuration, a hub name that
    ///     lies in the Hugging Face cache, or `demo`, the small model inside the library.
    ///   - device: `auto`, `gpu`, `cpu` (the reference, without OpenCL), `opencl:N`, or part of a device's name.
    /// - Throws: `FoveaError` of category `model`, `noDevice` or `outOfMemory`; `usage` for a model without a head.
    public init(model: String = "demo", device: String = "auto") throws(FoveaError) {
        guard let request = DeviceRequest(device) else {
            throw FoveaError(
                .usage, code: "DEVICE_NAME",
                "'\(device)' names no device; use auto, gpu, cpu, opencl:N or part of a name")
        }
        let files = try ModelFiles(model)
        let opened = try files.open()
        guard let classes = opened.configuration.classes else {
            throw FoveaError(.usage, code: "NO_HEAD", "\(model) has no classification head")
        }
        reader = PictureReader(try files.preprocessing())
        labels = try opened.labels()
        isMultiLabel = opened.isMultiLabel
        let session = try opened.session(on: ComputeDevice(request))
        classCount = classes
        deviceName = session.deviceName
        self.session = session
    }

    /// Classifies a picture file (JPEG, PNG or WebP): the best classes, best first.
    ///
    /// - Throws: `FoveaError` of category `input` where the file is no picture that can be read.
    public func classify(_ path: String, top count: Int = 5) throws(FoveaError) -> [Prediction] {
        let picture: Picture
        do {
            picture = try reader.picture(at: path)
        } catch {
            throw FoveaError(error)
        }
        return try predictions(for: [picture], top: count)[0]
    }

    /// Classifies an encoded picture in memory.
    ///
    /// - Throws: `FoveaError` of category `input` where the bytes are no picture that can be read.
    public func classify(encoded bytes: [UInt8], top count: Int = 5) throws(FoveaError) -> [Prediction] {
        let picture: Picture
        do {
            picture = try reader.picture(decoding: bytes)
        } catch {
            throw FoveaError(error)
        }
        return try predictions(for: [picture], top: count)[0]
    }

    /// Classifies several files in one pass; a file that fails has its error in its place.
    ///
    /// A picture's answer has the same bits whatever else is in the batch.
    /// - Throws: `FoveaError` where the device fails.
    public func classify(
        _ paths: [String], top count: Int = 5
    ) throws(FoveaError) -> [Result<[Prediction], FoveaError>] {
        let pictures = reader.pictures(at: paths)
        let good = pictures.compactMap { try? $0.get() }
        var answers = try good.isEmpty ? [] : predictions(for: good, top: count)[...]
        return pictures.map { picture in
            picture.map { _ in answers.removeFirst() }.mapError { FoveaError($0) }
        }
    }

    private func predictions(for pictures: [Picture], top count: Int) throws(FoveaError) -> [[Prediction]] {
        let logits = try session.run(.pictures(PictureReader.batch(pictures), reader.normalization), .logits)
        var answers: [[Prediction]] = []
        for row in pictures.indices {
            answers.append(
                try Classification.top(
                    count, of: logits.values[row * classCount..<(row + 1) * classCount], labels: labels,
                    isMultiLabel: isMultiLabel))
        }
        return answers
    }
}
