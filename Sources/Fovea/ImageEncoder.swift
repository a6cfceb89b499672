import Imaging
import Operations
import VisionModels

/// Turns pictures into vectors: what a model's classifier would read, for search, clustering and classifiers of one's own.
///
/// ```swift
/// let encoder = try ImageEncoder(model: "timm/vit_small_patch14_dinov2.lvd142m")
/// let vector = try await encoder.encode("cat.jpg", normalized: true)
/// ```
/// Any number of tasks may ask: a device serves one pass at a time, several devices one each.
public actor ImageEncoder {
    private let model: PictureModel
    private nonisolated let reader: PictureReader

    /// The name of the device that computes.
    public nonisolated let deviceName: String
    /// What products are computed in, such as `float32`.
    public nonisolated let precision: String
    /// Number of values in a vector.
    public nonisolated let width: Int

    /// Loads a model and puts it on a device; the arguments and errors are those of `ImageClassifier`.
    ///
    /// - Throws: `FoveaError` of category `model`, `noDevice` or `outOfMemory`.
    public init(
        model: String = "demo", device: String = "auto", precision: String = "auto"
    ) throws(FoveaError) {
        let loaded = try PictureModel(model: model, device: device, precision: precision, output: .embedding)
        (reader, deviceName) = (loaded.reader, loaded.deviceName)
        self.precision = loaded.precision.rawValue
        width = loaded.opened.configuration.embeddingWidth
        self.model = loaded
    }

    /// The vector of a picture file (JPEG, PNG or WebP).
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - normalized: Whether it is scaled to length 1, so that a dot product is the cosine.
    /// - Throws: `FoveaError` of category `input` where the file is no picture that can be read.
    public func encode(_ path: String, normalized: Bool = false) async throws(FoveaError) -> [Float] {
        try await vectors(for: PictureBatch([.file(path)], by: reader), normalized)[0].get()
    }

    /// The vector of an encoded picture in memory.
    ///
    /// - Throws: `FoveaError` of category `input` where the bytes are no picture that can be read.
    public func encode(encoded bytes: [UInt8], normalized: Bool = false) async throws(FoveaError) -> [Float] {
        try await vectors(for: PictureBatch([.encoded(bytes, name: "picture")], by: reader), normalized)[0].get()
    }

    /// The vectors of several files, in one pass; a file that fails has its error in its place.
    ///
    /// A picture's vector has the same bits whatever else is in the batch.
    /// - Throws: `FoveaError` where the device fails.
    public func encode(
        _ paths: [String], normalized: Bool = false
    ) async throws(FoveaError) -> [Result<[Float], FoveaError>] {
        try await vectors(for: PictureBatch(paths.map { .file($0) }, by: reader), normalized)
    }

    /// The vectors of any number of files, some at a time, in order, reading ahead.
    ///
    /// - Parameters:
    ///   - paths: Picture files.
    ///   - normalized: Whether vectors are scaled to length 1, so that a dot product is the cosine.
    ///   - batchSize: Pictures in a pass, at least 1; nil for 8, or what fills a GPU.
    public nonisolated func encode<Paths: Sequence<String> & Sendable>(
        each paths: Paths, normalized: Bool = false, batchSize: Int? = nil
    ) -> PictureResults<ReadyPaths<Paths>, [Float]> {
        encode(each: ReadyPaths(base: paths), normalized: normalized, batchSize: batchSize)
    }

    /// The vectors of files whose paths come one by one, in order, reading ahead; a pass waits until its batch is full.
    ///
    /// - Parameters:
    ///   - paths: Picture files.
    ///   - normalized: Whether vectors are scaled to length 1, so that a dot product is the cosine.
    ///   - batchSize: Pictures in a pass, at least 1; nil for 8, or what fills a GPU.
    public nonisolated func encode<Paths: AsyncSequence & Sendable>(
        each paths: Paths, normalized: Bool = false, batchSize: Int? = nil
    ) -> PictureResults<Paths, [Float]> where Paths.Element == String {
        PictureResults(
            paths: paths, batchSize: max(1, batchSize ?? model.usualBatchSize), deviceCount: model.deviceCount
        ) { [reader] paths in
            PictureBatch(paths.map { .file($0) }, by: reader)
        } answer: { batch throws(FoveaError) in
            try await self.vectors(for: batch, normalized)
        }
    }

    private func vectors(
        for batch: PictureBatch, _ isNormalized: Bool
    ) async throws(FoveaError) -> [Result<[Float], FoveaError>] {
        try await model.outputs(.embedding, for: batch).map { values in
            values.map { isNormalized ? Embedding.unit($0) : Array($0) }
        }
    }
}

/// What makes vectors comparable.
package enum Embedding {
    /// A vector scaled to length 1, so that a dot product is the cosine; one of length 0 stays as it is.
    package static func unit(_ vector: ArraySlice<Float>) -> [Float] {
        // In Double no square of a Float is lost or too large.
        let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return length > 0 ? vector.map { Float(Double($0) / length) } : Array(vector)
    }
}
