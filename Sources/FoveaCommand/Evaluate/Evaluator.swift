import Checkpoints
import Fovea
import VisionModels

/// A model that ranks the classes of pictures, from batches of them to answers.
struct Evaluator: Sendable {
    /// The model, on its devices.
    let model: PictureModel
    private let labels: Labels?
    private let isMultiLabel: Bool
    /// The classes, by name.
    let classes: ClassNames
    /// The pictures, by class.
    let pictures: LabeledPictures

    /// Finds the pictures, and puts the model on a device once each name is known to be that of a class.
    init(
        _ opened: OpenedModel, labels file: String?, on data: String, onDevice load: () throws -> PictureModel
    ) throws {
        try OutputKind.logits.check(against: opened.configuration)
        labels = try opened.labels(from: file)
        classes = ClassNames(labels, count: opened.configuration.classes ?? 0)
        isMultiLabel = opened.isMultiLabel
        pictures = try LabeledPictures(data, classes)
        model = try load()
    }

    /// All classes of each picture, best first, or why it has none.
    ///
    /// Throws where the device fails.
    func rankings(of pictures: [FedPicture]) async throws(FoveaError) -> [Result<[Prediction], FoveaError>] {
        try await model.outputs(.logits, for: pictures).map { scores in
            scores.flatMap { scores in
                Result { () throws(FoveaError) in
                    try Classification.top(classes.count, of: scores, labels: labels, isMultiLabel: isMultiLabel)
                }
            }
        }
    }
}
