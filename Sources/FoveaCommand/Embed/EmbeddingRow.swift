import Checkpoints
import Fovea

/// What `embed` says of one picture.
struct EmbeddingRow: PictureRow {
    /// The picture as the user named it.
    let input: String
    /// The numbers of the embedding, or why there are none.
    let outcome: Result<[Float], FoveaError>
    /// How many numbers an embedding has.
    let width: Int

    var error: FoveaError? { if case .failure(let error) = outcome { error } else { nil } }

    /// The object that a line of jsonl holds.
    var json: JSON {
        switch outcome {
        case .success(let embedding): ["input": JSON(input), "embedding": .array(embedding.map { JSON($0) })]
        case .failure(let error): .object(error.row(input: input))
        }
    }
}
