import Checkpoints
import Fovea
import Imaging

extension EvaluationReport {
    /// More bars than these nobody reads.
    private static let barLimit = 100

    /// The confusion matrix, each row as shares of its class's pictures.
    var confusionPlot: Picture {
        let order = evaluation.matrixClasses
        let places = Dictionary(uniqueKeysWithValues: zip(order, order.indices))
        return MatrixPlot(
            title: "Rows: class, columns: what its pictures were taken for", names: order.map(classes.title),
            cells: evaluation.allConfusions.compactMap { cell in
                guard let row = places[cell.label], let column = places[cell.predicted] else { return nil }
                return (row, column, Double(cell.count) / Double(evaluation.pictures[cell.label]))
            }
        ).picture
    }

    /// The recall of each class, the lowest first.
    var recallPlot: Picture { plot("Recall", evaluation.recall) }

    /// The precision of each class, the lowest first.
    var precisionPlot: Picture { plot("Precision", evaluation.precision) }

    private func plot(_ name: String, _ share: (Int) -> Double) -> Picture {
        let order = evaluation.classes.sorted { (share($0), $0) < (share($1), $1) }
        let shown = order.prefix(Self.barLimit)
        let title = order.count > shown.count ? "\(name): the \(shown.count) lowest of \(order.count) classes" : name
        return BarPlot(title: title, bars: shown.map { (classes.title($0), share($0)) }).picture
    }

    /// Writes everything but the predictions, which were written one by one.
    func write(to folder: ReportFolder) throws(FoveaError) {
        let texts = [
            ("metrics.json", json.text(.pretty) + "\n"), ("per_class.csv", perClassCSV),
            ("confusion.csv", confusionCSV), ("worst.csv", worstCSV),
        ]
        for (name, text) in texts { try folder.write(Array(text.utf8), to: name) }
        let pictures = [
            ("confusion.png", confusionPlot), ("recall.png", recallPlot), ("precision.png", precisionPlot),
        ]
        for (name, picture) in pictures { try folder.write(picture.png(for: name), to: name) }
    }
}
