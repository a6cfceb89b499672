/// The ways of fitting a picture to a model that the command line names.
package enum ResizeMode: String, Sendable, CaseIterable {
    /// Keep the proportions, cut the middle out: timm's `center`.
    case shortest
    /// Give up the proportions: timm's `squash`.
    case squash
    /// Keep the whole picture, fill the border with the mean color: timm's `border`.
    case border
    /// Keep the whole picture, fill the border with black: open_clip's `longest`.
    case longest
    /// Keep the whole picture, fill the border with gray 128: the Keras code of bubbliiiing/classification-keras.
    case letterbox
}

extension Preprocessing {
    /// The recipe that the options of the command line describe.
    ///
    /// - Parameters:
    ///   - mode: how the proportions are treated.
    ///   - inputSize: what the model reads.
    ///   - cropFraction: what share of the resized picture is kept; nil for the default of the mode's author: timm's
    ///     0.875 for `shortest`, `squash` and `border`, 1 for `longest`. Letterboxes have no such share.
    ///   - interpolation: the filter.
    ///   - normalization: mean and deviation.
    ///   - origin: where the values come from, such as "--resize".
    /// - Throws: `CFG_LIMIT` where a side or the share is out of range.
    package static func mode(
        _ mode: ResizeMode, inputSize: PixelSize, cropFraction: Double? = nil, interpolation: Resampling = .bicubic,
        normalization: PixelNormalization, origin: String = "--resize"
    ) throws(PreprocessingError) -> Preprocessing {
        let rule: ResizeRule
        let fill: RGB
        switch mode {
        case .shortest, .squash, .border:
            return try timm(
                inputSize: inputSize, cropFraction: cropFraction ?? 0.875, cropMode: mode.timmCropMode ?? .center,
                interpolation: interpolation, normalization: normalization, origin: "\(origin) \(mode.rawValue)")
        case .longest:
            let scaled = try enlarged(inputSize, over: cropFraction ?? 1)
            (rule, fill) = (.fitting(scaled), .black)
        case .letterbox:
            try check(size: inputSize, "the input size")
            (rule, fill) = (.letterboxed(inputSize), RGB(gray: 128))
        }
        let source = "\(origin) \(mode.rawValue)"
        return Preprocessing(
            steps: [
                Step(.resize(rule, interpolation), source: source),
                Step(.centerCrop(inputSize, .torchvision, fill: fill), source: source),
            ],
            normalization: normalization)
    }
}

extension ResizeMode {
    /// The same under timm's name; nil where timm has no such mode.
    package var timmCropMode: TIMMCropMode? {
        switch self {
        case .shortest: .center
        case .squash: .squash
        case .border: .border
        case .longest, .letterbox: nil
        }
    }
}
