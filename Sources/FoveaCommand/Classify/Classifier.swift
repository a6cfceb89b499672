import Checkpoints
import Fovea
import Imaging
import Operations
import VisionModels

/// A model on a device, from batches of pictures to rows.
struct Classifier {
    private let session: any InferenceSession
    private let normalization: Normalization
    private let size: PixelSize
    private let labels: Labels?
    private let isMultiLabel: Bool
    /// How many classes a row has.
    let topCount: Int

    /// The name of the device.
    var deviceName: String { session.deviceName }

    /// Puts a model on a device, once everything that the user asked of it is known to fit.
    ///
    /// - Parameters:
    ///   - labels: A file of class names in place of the model's own.
    ///   - top: How many classes a row should have; nil for 5, or all where there are fewer.
    init(
        _ opened: OpenedModel, reading reader: PictureReader, labels file: String?, top: Int?,
        on device: () throws -> ComputeDevice, options: SessionOptions
    ) throws {
        let configuration = opened.configuration
        try OutputKind.logits.check(against: configuration)
        let classes = configuration.classes ?? 0
        if let top, top > classes {
            throw FoveaError(
                .usage, code: "TOP_K",
                "--top-k \(top): \(opened.files.name) has \(classes) classes; ask for 1 to \(classes)")
        }
        size = PixelSize(width: configuration.imageWidth, height: configuration.imageHeight)
        try Self.check(reader.preprocessing, gives: size)
        self.labels = try opened.labels(from: file)
        topCount = min(top ?? 5, classes)
        isMultiLabel = opened.isMultiLabel
        normalization = reader.normalization
        session = try opened.session(on: device(), options: options)
    }

    /// One row for each picture, in order.
    ///
    /// Throws where the device fails.
    func rows(for entries: [PictureFeed.Entry]) throws(FoveaError) -> [ClassificationRow] {
        let pictures = entries.map { entry in
            entry.result.map(\.picture).mapError { FoveaError($0) }.flatMap { fitting($0, name: entry.name) }
        }
        let good = pictures.compactMap { try? $0.get() }
        let logits = try good.isEmpty ? nil : session.run(.pictures(PictureReader.batch(good), normalization), .logits)
        var scores = logits?.values[...] ?? []
        let classes = logits?.shape.width ?? 0
        return zip(entries, pictures).map { entry, picture in
            let outcome = picture.flatMap { _ in
                defer { scores = scores.dropFirst(classes) }
                return top(of: scores.prefix(classes), name: entry.name)
            }
            return ClassificationRow(input: entry.name, outcome: outcome)
        }
    }

    private func top(of scores: ArraySlice<Float>, name: String) -> Result<[Prediction], FoveaError> {
        Result { () throws(FoveaError) in
            do throws(FoveaError) {
                return try Classification.top(topCount, of: scores, labels: labels, isMultiLabel: isMultiLabel)
            } catch {
                throw FoveaError(error.category, code: error.code, "\(name): \(error.message)", details: error.details)
            }
        }
    }

    /// A recipe without a crop leaves the size to the picture, so each one has to be looked at.
    private func fitting(_ picture: Picture, name: String) -> Result<Picture, FoveaError> {
        guard picture.size != size else { return .success(picture) }
        return .failure(
            FoveaError(
                .input, code: "INPUT_SIZE",
                "\(name): the model's recipe makes it \(picture.size) pixels, but the model reads \(size); "
                    + "say how to resize it with --resize"))
    }

    private static func check(_ preprocessing: Preprocessing, gives size: PixelSize) throws(FoveaError) {
        guard let made = preprocessing.outputSize, made != size else { return }
        throw FoveaError(
            .usage, code: "INPUT_SIZE",
            "the model's recipe makes pictures of \(made) pixels (width × height), but the model reads \(size); "
                + "give --input-size \(size.height)x\(size.width)")
    }
}
