import Checkpoints
import Fovea

/// An evaluation with all that tells what was evaluated.
struct EvaluationReport {
    let model: String
    let device: String
    let precision: String
    /// The folder or list.
    let data: String
    let classes: ClassNames
    var evaluation: Evaluation
    /// The pictures that could not be read: their names, and why.
    var failures: [(name: String, error: FoveaError)] = []

    /// One document.
    var json: JSON {
        let e = evaluation
        return [
            "model": JSON(model), "device": JSON(device), "precision": JSON(precision), "data": JSON(data),
            "pictures": JSON(e.count), "failed": JSON(failures.count), "classes": JSON(e.classes.count),
            "top1": JSON(e.top1Share), "top5": JSON(e.top5Share), "mean_recall": JSON(e.meanRecall),
            "mean_precision": JSON(e.meanPrecision),
            "per_class": .array(e.matrixClasses.map(figures)),
            "confusion": .array(
                e.allConfusions.map {
                    ["class": JSON($0.label), "predicted": JSON($0.predicted), "count": JSON($0.count)]
                }),
            "worst": .array(e.classes.flatMap { e.mistakes[$0] ?? [] }.map(\.json)),
            "failures": .array(failures.map { .object($0.error.row(input: $0.name)) }),
        ]
    }

    private func figures(of index: Int) -> JSON {
        let e = evaluation
        var object = JSON.Object()
        object["index"] = JSON(index)
        object["label"] = classes.label(index).map { JSON($0) }
        object["description"] = classes.description(index).map { JSON($0) }
        object["pictures"] = JSON(e.pictures[index])
        object["predicted"] = JSON(e.predictions[index])
        object["right"] = JSON(e.right[index])
        // Of a class without pictures nothing was to be recognized.
        object["recall"] = e.pictures[index] > 0 ? JSON(e.recall(index)) : .null
        object["precision"] = e.predictions[index] > 0 ? JSON(e.precision(index)) : .null
        return .object(object)
    }
}

extension Evaluation.Mistake {
    fileprivate var json: JSON {
        [
            "input": JSON(path), "class": JSON(label), "predicted": JSON(predicted),
            "probability": JSON(Float(probability)), "class_probability": JSON(Float(labelProbability)),
        ]
    }
}

// MARK: - Tables

extension EvaluationReport {
    /// The figures of each class that has pictures or was predicted.
    var perClassCSV: String {
        let e = evaluation
        let header = ["index", "label", "description", "pictures", "predicted", "right", "recall", "precision"]
        return e.matrixClasses.reduce(into: CSV.line(header)) { text, index in
            text += CSV.line([
                String(index), classes.label(index) ?? "", classes.description(index) ?? "", String(e.pictures[index]),
                String(e.predictions[index]), String(e.right[index]),
                e.pictures[index] > 0 ? e.recall(index).description : "",
                e.predictions[index] > 0 ? e.precision(index).description : "",
            ])
        }
    }

    /// The confusion matrix, a line for each cell that is not 0: of thousands of classes most cells are.
    var confusionCSV: String {
        let header = ["class", "label", "predicted", "predicted_label", "count"]
        return evaluation.allConfusions.reduce(into: CSV.line(header)) { text, cell in
            text += CSV.line([
                String(cell.label), classes.label(cell.label) ?? "", String(cell.predicted),
                classes.label(cell.predicted) ?? "", String(cell.count),
            ])
        }
    }

    /// The most confident mistakes of each class.
    var worstCSV: String {
        let header = ["class", "label", "input", "predicted", "predicted_label", "probability", "class_probability"]
        let worst = evaluation.classes.flatMap { evaluation.mistakes[$0] ?? [] }
        return worst.reduce(into: CSV.line(header)) { text, mistake in
            text += CSV.line([
                String(mistake.label), classes.label(mistake.label) ?? "", mistake.path, String(mistake.predicted),
                classes.label(mistake.predicted) ?? "", Float(mistake.probability).description,
                Float(mistake.labelProbability).description,
            ])
        }
    }
}
