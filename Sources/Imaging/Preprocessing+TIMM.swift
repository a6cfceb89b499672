/// `crop_mode` of timm.
package enum TIMMCropMode: String, Sendable, CaseIterable {
    /// Keep the proportions, cut the middle out.
    case center
    /// Give up the proportions, then cut the middle out.
    case squash
    /// Keep the proportions and the whole picture, fill the border with the mean color.
    case border
}

extension Preprocessing {
    /// The recipe of timm's `create_transform(is_training=False)` (timm/data/transforms_factory.py).
    ///
    /// - Parameters:
    ///   - inputSize: width and height of `input_size`.
    ///   - cropFraction: `crop_pct`, above 0; timm's default is 0.875.
    ///   - cropMode: `crop_mode`; timm takes every word that it does not know for `center`.
    ///   - interpolation: `interpolation`; timm's default is bicubic.
    ///   - normalization: `mean` and `std`; the mean is also the color of a border.
    ///   - origin: where the values come from, such as "config.json".
    /// - Throws: `CFG_LIMIT` where a side or the share is out of range.
    package static func timm(
        inputSize: PixelSize, cropFraction: Double = 0.875, cropMode: TIMMCropMode = .center,
        interpolation: Resampling = .bicubic, normalization: PixelNormalization = .imageNet, origin: String = "timm"
    ) throws(PreprocessingError) -> Preprocessing {
        let scaled = try enlarged(inputSize, over: cropFraction)
        let rule: ResizeRule
        var fill = RGB.black
        switch cropMode {
        case .squash: rule = .exactly(scaled)
        case .border:
            rule = .fitting(scaled)
            fill = normalization.meanColor
        case .center: rule = scaled.width == scaled.height ? .shortestSide(scaled.width) : .covering(scaled)
        }
        let reason = "\(origin): crop_mode \(cropMode.rawValue), \(inputSize) / crop_pct \(cropFraction) = \(scaled)"
        return Preprocessing(
            steps: [
                Step(.resize(rule, interpolation), source: "\(reason), interpolation \(interpolation.rawValue)"),
                Step(.centerCrop(inputSize, .torchvision, fill: fill), source: "\(origin): input_size"),
            ],
            normalization: normalization)
    }
}

extension PixelNormalization {
    /// `round(255 · mean)`, with Python's rounding of halves to even, as timm fills borders.
    package var meanColor: RGB {
        let bytes = mean.map { UInt8(min(max((255 * $0).rounded(.toNearestOrEven), 0), 255)) }
        return RGB(red: bytes[0], green: bytes[1], blue: bytes[2])
    }
}
