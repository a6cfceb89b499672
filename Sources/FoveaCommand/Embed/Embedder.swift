import Fovea
import VisionModels

/// A model that describes pictures by vectors, from batches of them to rows.
struct Embedder: Sendable {
    /// The model, on its devices.
    let model: PictureModel
    private let normalizes: Bool
    /// How many numbers a vector has.
    let width: Int

    /// Puts a model on a device, once it is known to have an embedding.
    ///
    /// - Parameter normalizes: Whether vectors are scaled to length 1.
    init(_ opened: OpenedModel, normalizes: Bool, onDevice load: () throws -> PictureModel) throws {
        try OutputKind.embedding.check(against: opened.configuration)
        self.normalizes = normalizes
        width = opened.configuration.embeddingWidth
        model = try load()
    }

    /// One row for each picture, in order.
    ///
    /// Throws where the device fails.
    func rows(for pictures: [FedPicture]) async throws(FoveaError) -> [EmbeddingRow] {
        let outputs = try await model.outputs(.embedding, for: pictures)
        if case .success(let values)? = outputs.first(where: { (try? $0.get()) != nil }), values.count != width {
            // Rows of an array must not shift.
            throw FoveaError(
                .internalError, code: "EMBEDDING_WIDTH", "the model gave \(values.count) numbers, not \(width)")
        }
        return zip(pictures, outputs).map { picture, values in
            let outcome = values.map { normalizes ? Embedding.unit($0) : Array($0) }
            return EmbeddingRow(input: picture.name, outcome: outcome, width: width)
        }
    }
}
