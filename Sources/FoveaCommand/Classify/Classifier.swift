import Checkpoints
import Fovea
import VisionModels

/// A model that names what pictures show, from batches of them to rows.
struct Classifier: Sendable {
    /// The model, on its devices.
    let model: PictureModel
    private let labels: Labels?
    private let isMultiLabel: Bool
    /// How many classes a row has.
    let topCount: Int

    /// Puts a model on a device, once everything that the user asked of it is known to fit.
    ///
    /// - Parameters:
    ///   - labels: A file of class names in place of the model's own.
    ///   - top: How many classes a row should have; nil for 5, or all where there are fewer.
    init(_ opened: OpenedModel, labels file: String?, top: Int?, onDevice load: () throws -> PictureModel) throws {
        try OutputKind.logits.check(against: opened.configuration)
        let classes = opened.configuration.classes ?? 0
        if let top, top > classes {
            throw FoveaError(
                .usage, code: "TOP_K",
                "--top-k \(top): \(opened.files.name) has \(classes) classes; ask for 1 to \(classes)")
        }
        labels = try opened.labels(from: file)
        topCount = min(top ?? 5, classes)
        isMultiLabel = opened.isMultiLabel
        model = try load()
    }

    /// One row for each picture, in order.
    ///
    /// Throws where the device fails.
    func rows(for pictures: [FedPicture]) async throws(FoveaError) -> [ClassificationRow] {
        zip(pictures, try await model.outputs(.logits, for: pictures)).map { picture, scores in
            ClassificationRow(input: picture.name, outcome: scores.flatMap(top))
        }
    }

    private func top(of scores: ArraySlice<Float>) -> Result<[Prediction], FoveaError> {
        Result { () throws(FoveaError) in
            try Classification.top(topCount, of: scores, labels: labels, isMultiLabel: isMultiLabel)
        }
    }
}
