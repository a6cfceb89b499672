package import Checkpoints

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One class that a picture may show.
public struct Prediction: Sendable, Hashable {
    /// The class by number, from 0.
    public let index: Int
    /// The name the model's authors use, such as `n02123045`; nil where the model names none.
    public let label: String?
    /// A name for people, such as `tabby, tabby cat`; nil where the model has none.
    public let description: String?
    /// Probability, 0…1.
    public let probability: Double
    /// The model's own score.
    public let logit: Float
}

/// From scores to predictions.
package enum Classification {
    /// The logistic function, 1 / (1 + e⁻ˣ).
    static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    /// The best classes, best first; among equals the lower number first.
    ///
    /// - Throws: `deviceFailed` where a score is not finite: NaN must never look like an answer.
    package static func top(
        _ count: Int, of logits: ArraySlice<Float>, labels: Labels?, isMultiLabel: Bool
    ) throws(FoveaError) -> [Prediction] {
        if let bad = logits.firstIndex(where: { !$0.isFinite }) {
            throw FoveaError(
                .deviceFailed, code: "MODEL_NONFINITE_OUTPUT",
                "the model gave \(logits[bad]) for class \(bad - logits.startIndex), which is no score; "
                    + "check the device with `fovea verify`")
        }
        let scores = logits.map(Double.init)
        let largest = scores.max() ?? 0
        let total = scores.reduce(0) { $0 + exp($1 - largest) }
        let order = scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
        return order.prefix(count).map { index in
            let name = labels?[index]
            return Prediction(
                index: index, label: name.flatMap { $0.name.isEmpty ? nil : $0.name }, description: name?.description,
                probability: isMultiLabel ? sigmoid(scores[index]) : exp(scores[index] - largest) / total,
                logit: Float(scores[index]))
        }
    }
}
