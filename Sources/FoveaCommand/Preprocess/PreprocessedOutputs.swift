import Fovea
import Imaging

/// All that `preprocess` makes of its pictures.
struct PreprocessedOutputs {
    private var array: PictureArray?
    private let crop: OutputFile?
    private let explanation: Explanation?
    private let normalization: PixelNormalization
    private var isFirst = true

    /// Begins the outputs that are asked for; `crop` is for one picture only.
    init(array: PictureArray?, crop: OutputFile?, explanation: Explanation?, normalization: PixelNormalization) {
        (self.array, self.crop, self.explanation, self.normalization) = (array, crop, explanation, normalization)
    }

    /// Appends a picture to all outputs; the error where it has none to give.
    ///
    /// Throws where an output cannot be written.
    mutating func append(
        _ result: Result<PreparedPicture, ImageError>, name: String
    ) throws(FoveaError) -> FoveaError? {
        switch result {
        case .failure(let error):
            try array?.appendMissing()
            return FoveaError(error)
        case .success(let prepared):
            if let error = array?.refusal(of: prepared.picture, name: name) {
                try array?.appendMissing()
                return error
            }
            try array?.append(prepared.picture, by: normalization)
            if let crop { try crop.write(prepared.picture.png(for: crop.path)) }
            if let explanation { Console.write(explanation.text(name, prepared, isFirst: isFirst)) }
            isFirst = false
            return nil
        }
    }

    /// Gives the files their names.
    func finish() throws(FoveaError) {
        try array?.finish()
        try crop?.commit()
    }
}
