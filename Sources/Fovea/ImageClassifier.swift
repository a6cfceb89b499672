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
/// Any number of tasks may ask: a device serves one pass at a time, several devices one each.
public actor ImageClassifier {
    private let model: PictureModel
    private nonisolated let reader: PictureReader
    private let labels: Labels?
    private let isMultiLabel: Bool

    /// The name of the device that computes.
    public nonisolated let deviceName: String
    /// What products are computed in, such as `float32`.
    public nonisolated let precision: String
    /// Number of classes.
    public nonisolated let classCount: Int

    /// Loads a model and puts it on a device.
    ///
    /// - Parameters:
    ///   - model: A folder as timm or transformers saves it, a weight file beside its configuration, a hub name that
    ///     lies in the Hugging Face cache, or `demo`, the small model inside the library.
    ///   - device: `auto`, `gpu`, `cpu` (the reference, without OpenCL), `opencl:N`, part of a device's name, or
    ///     `all`: every device of the same name and driver as the first, each with the next batch as it is free.
    ///   - precision: What products are computed in: `auto`, `float32`, `bfloat16`, `float16` or `int8`; `auto` is float32,
    ///     but on a GPU with matrix instructions bfloat16, or float16 where they do not multiply that.
    /// - Throws: `FoveaError` of category `model`, `noDevice` or `outOfMemory`; `usage` for a model without a head.
    public init(
        model: String = "demo", device: String = "auto", precision: String = "auto"
    ) throws(FoveaError) {
        try self.init(PictureModel(model: model, device: device, precision: precision, output: .logits))
    }

    /// Takes a model that is on its device.
    package init(_ loaded: PictureModel) throws(FoveaError) {
        labels = try loaded.opened.labels()
        isMultiLabel = loaded.opened.isMultiLabel
        classCount = loaded.opened.configuration.classes ?? 0
        (reader, deviceName, precision) = (loaded.reader, loaded.deviceName, loaded.precision.rawValue)
        self.model = loaded
    }

    /// Classifies a picture file (JPEG, PNG or WebP): the best classes, best first.
    ///
    /// - Throws: `FoveaError` of category `input` where the file is no picture that can be read; `usage` where `count` is
    ///   less than 1.
    public func classify(_ path: String, top count: Int = 5) async throws(FoveaError) -> [Prediction] {
        try await predictions(for: PictureBatch([.file(path)], by: reader), top: count)[0].get()
    }

    /// Classifies an encoded picture in memory.
    ///
    /// - Throws: `FoveaError` of category `input` where the bytes are no picture that can be read; `usage` where `count` is
    ///   less than 1.
    public func classify(encoded bytes: [UInt8], top count: Int = 5) async throws(FoveaError) -> [Prediction] {
        try await predictions(for: PictureBatch([.encoded(bytes, name: "picture")], by: reader), top: count)[0].get()
    }

    /// Classifies several files in one pass; a file that fails has its error in its place.
    ///
    /// A picture's answer has the same bits whatever else is in the batch.
    /// - Throws: `FoveaError` where the device fails, or of category `usage` where `count` is less than 1.
    public func classify(
        _ paths: [String], top count: Int = 5
    ) async throws(FoveaError) -> [Result<[Prediction], FoveaError>] {
        try await predictions(for: PictureBatch(paths.map { .file($0) }, by: reader), top: count)
    }

    /// Classifies any number of files, some at a time, in order, reading ahead.
    ///
    /// - Parameters:
    ///   - paths: Picture files.
    ///   - count: Classes in an answer, best first: at least 1, and all where there are fewer.
    ///   - batchSize: Pictures in a pass, at least 1; nil for 8, or what fills a GPU.
    public nonisolated func classify<Paths: Sequence<String> & Sendable>(
        each paths: Paths, top count: Int = 5, batchSize: Int? = nil
    ) -> PictureResults<ReadyPaths<Paths>, [Prediction]> {
        classify(each: ReadyPaths(base: paths), top: count, batchSize: batchSize)
    }

    /// Classifies files whose paths come one by one, in order, reading ahead; a pass waits until its batch is full.
    ///
    /// - Parameters:
    ///   - paths: Picture files.
    ///   - count: Classes in an answer, best first: at least 1, and all where there are fewer.
    ///   - batchSize: Pictures in a pass, at least 1; nil for 8, or what fills a GPU.
    public nonisolated func classify<Paths: AsyncSequence & Sendable>(
        each paths: Paths, top count: Int = 5, batchSize: Int? = nil
    ) -> PictureResults<Paths, [Prediction]> where Paths.Element == String {
        PictureResults(
            paths: paths, batchSize: max(1, batchSize ?? model.usualBatchSize), deviceCount: model.deviceCount
        ) { [reader] paths in
            PictureBatch(paths.map { .file($0) }, by: reader)
        } answer: { batch throws(FoveaError) in
            try await self.predictions(for: batch, top: count)
        }
    }

    private func predictions(
        for batch: PictureBatch, top count: Int
    ) async throws(FoveaError) -> [Result<[Prediction], FoveaError>] {
        guard count >= 1 else {
            throw FoveaError(.usage, code: "TOP_K", "top \(count) asks for no class; ask for 1 or more")
        }
        return try await model.outputs(.logits, for: batch).map { scores in
            scores.flatMap { scores in
                Result { () throws(FoveaError) in
                    try Classification.top(count, of: scores, labels: labels, isMultiLabel: isMultiLabel)
                }
            }
        }
    }
}
