import Checkpoints
import Fovea
import Imaging

/// What `preprocess --explain` tells of a picture: each step, its sizes, and where it came from.
struct Explanation {
    private let reader: PictureReader
    private let normalizationSource: String

    /// Explains a recipe; the normalization came from `normalizationSource`.
    init(_ reader: PictureReader, normalizationSource: String) {
        (self.reader, self.normalizationSource) = (reader, normalizationSource)
    }

    /// A paragraph for one picture, with an empty line before all but the first.
    func text(_ name: String, _ picture: PreparedPicture, isFirst: Bool) -> String {
        var steps: [(action: String, source: String?)] = [
            ("decode \(picture.format.rawValue), \(picture.storedSize) pixels", nil)
        ]
        steps += picture.notes.map { ("note: \($0)", nil) }
        if let turn = turn(picture) { steps.append(turn) }
        steps += reader.preprocessing.explained(for: picture.uprightSize).map { ($0.action, $0.source) }
        steps.append(("normalize \(reader.preprocessing.normalization)", normalizationSource))
        steps.append(("float32 [3, \(picture.picture.height), \(picture.picture.width)]", nil))
        let lines = steps.enumerated().flatMap { number, step in
            [(number == steps.count - 1 ? "  = " : "  \(number + 1) ") + " " + step.action]
                + (step.source.map { ["       from \($0)"] } ?? [])
        }
        return (isFirst ? "" : "\n")
            + ([name == "-" ? "standard input" : name] + lines).map { $0.escapingControlCharacters + "\n" }.joined()
    }

    private func turn(_ picture: PreparedPicture) -> (action: String, source: String?)? {
        let stated = "EXIF orientation \(picture.orientation.rawValue)"
        if picture.isTurned { return ("turn upright \(picture.storedSize) → \(picture.uprightSize)", stated) }
        return picture.orientation == .up ? nil : ("leave as stored", "--ignore-exif, in spite of \(stated)")
    }
}
