import Checkpoints
import Fovea

/// What `classify` says of one picture.
struct ClassificationRow: PictureRow {
    /// The picture as the user named it.
    let input: String
    /// The best classes, best first, or why there are none.
    let outcome: Result<[Prediction], FoveaError>

    var error: FoveaError? { if case .failure(let error) = outcome { error } else { nil } }

    /// The object that the contract of the command describes.
    var json: JSON {
        switch outcome {
        case .success(let predictions):
            ["input": JSON(input), "predictions": .array(predictions.map(\.json))]
        case .failure(let error): .object(error.row(input: input))
        }
    }
}

extension FoveaError {
    /// What a row says in place of an answer.
    func row(input: String) -> JSON.Object {
        JSON.Object([("input", JSON(input)), ("error", JSON(message)), ("code", JSON(code))])
    }
}

extension Prediction {
    fileprivate var json: JSON {
        var object = JSON.Object()
        object["index"] = JSON(index)
        object["label"] = label.map { JSON($0) }
        object["description"] = description.map { JSON($0) }
        // Seven digits are all that float32 scores bear.
        object["probability"] = JSON(Float(probability))
        object["logit"] = JSON(logit)
        return .object(object)
    }
}
