import Fovea

/// What a model was found to know, picture by picture.
///
/// Grows with the number of classes and confusions, not with that of pictures.
struct Evaluation {
    /// A picture that was taken for another class.
    struct Mistake {
        let path: String
        let label: Int
        /// What it was taken for, and with which probability.
        let predicted: Int
        let probability: Double
        /// The probability of the right class.
        let labelProbability: Double
    }

    /// How often pictures of one class were taken for another.
    struct Confusion {
        let label: Int
        let predicted: Int
        let count: Int
    }

    /// How many mistakes are kept of each class.
    private static let mistakeLimit = 5

    /// Pictures that were looked at.
    private(set) var count = 0
    /// How many had the right class first, and among the first five.
    private(set) var (top1, top5) = (0, 0)
    /// Of each class: its pictures, those taken for it, and those rightly so.
    private(set) var pictures: [Int]
    private(set) var predictions: [Int]
    private(set) var right: [Int]
    /// The most confident mistakes of each class, the worst first.
    private(set) var mistakes: [Int: [Mistake]] = [:]
    private var confusions: [SIMD2<Int>: Int] = [:]

    /// Begins with nothing for a number of classes.
    init(classes: Int) {
        pictures = [Int](repeating: 0, count: classes)
        (predictions, right) = (pictures, pictures)
    }

    /// Counts a picture.
    ///
    /// - Parameter ranking: All classes, best first.
    mutating func add(_ sample: LabeledPictures.Sample, _ ranking: [Prediction]) {
        guard let first = ranking.first, let rank = ranking.firstIndex(where: { $0.index == sample.label }) else {
            return
        }
        count += 1
        if rank == 0 { top1 += 1 }
        if rank < 5 { top5 += 1 }
        pictures[sample.label] += 1
        predictions[first.index] += 1
        if rank == 0 { right[sample.label] += 1 }
        confusions[SIMD2(sample.label, first.index), default: 0] += 1
        guard rank > 0 else { return }
        note(
            Mistake(
                path: sample.path, label: sample.label, predicted: first.index, probability: first.probability,
                labelProbability: ranking[rank].probability))
    }

    private mutating func note(_ mistake: Mistake) {
        var worst = mistakes[mistake.label, default: []]
        let position = worst.firstIndex { $0.probability < mistake.probability } ?? worst.count
        worst.insert(mistake, at: position)
        mistakes[mistake.label] = Array(worst.prefix(Self.mistakeLimit))
    }
}

// MARK: - Figures

extension Evaluation {
    /// The classes that have pictures, in order: those that means go over.
    var classes: [Int] { pictures.indices.filter { pictures[$0] > 0 } }

    /// The classes that have pictures or were predicted, in order: rows and columns of the confusion matrix.
    var matrixClasses: [Int] { pictures.indices.filter { pictures[$0] > 0 || predictions[$0] > 0 } }

    /// The share of a class's pictures that was recognized; 0 where it has none.
    func recall(_ label: Int) -> Double { Self.share(right[label], of: pictures[label]) }

    /// The share of the pictures taken for a class that are of it; 0 where none was.
    func precision(_ label: Int) -> Double { Self.share(right[label], of: predictions[label]) }

    var top1Share: Double { Self.share(top1, of: count) }
    var top5Share: Double { Self.share(top5, of: count) }
    var meanRecall: Double { mean(recall) }
    var meanPrecision: Double { mean(precision) }

    /// How many pictures of a class were taken for another, or for itself.
    func confusion(_ label: Int, _ predicted: Int) -> Int { confusions[SIMD2(label, predicted)] ?? 0 }

    /// What pictures were wrongly taken for, most often first.
    var wrongConfusions: [Confusion] {
        allConfusions.filter { $0.label != $0.predicted }.sorted { $0.count > $1.count }
    }

    /// Every cell of the confusion matrix that is not 0, row by row.
    var allConfusions: [Confusion] {
        confusions.map { Confusion(label: $0.key.x, predicted: $0.key.y, count: $0.value) }
            .sorted { ($0.label, $0.predicted) < ($1.label, $1.predicted) }
    }

    /// The most confident mistakes of all classes.
    func worstMistakes(_ limit: Int) -> [Mistake] {
        Array(mistakes.values.joined().sorted { ($1.probability, $0.path) < ($0.probability, $1.path) }.prefix(limit))
    }

    private func mean(_ figure: (Int) -> Double) -> Double {
        let classes = classes
        return classes.isEmpty ? 0 : classes.reduce(0) { $0 + figure($1) } / Double(classes.count)
    }

    private static func share(_ part: Int, of whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }
}
