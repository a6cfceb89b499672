/// `resize_mode` of open_clip.
package enum OpenCLIPResizeMode: String, Sendable, CaseIterable {
    /// Keep the proportions, cut the middle out.
    case shortest
    /// Keep the whole picture, fill the border with one gray.
    case longest
    /// Give up the proportions.
    case squash
}

extension Preprocessing {
    /// The recipe of open_clip's `image_transform(is_train=False)` (mlfoundations/open_clip, src/open_clip/transform.py).
    ///
    /// open_clip 3.3.0 takes bicubic for `shortest` and a rectangle, whatever `interpolation` says; later ones, and this, do
    /// as it says.
    /// - Parameters:
    ///   - inputSize: what the model reads.
    ///   - mode: `resize_mode`; open_clip's default is `shortest`.
    ///   - cropFraction: what share of the resized picture is kept: open_clip keeps all.
    ///   - interpolation: `interpolation`, bicubic or bilinear.
    ///   - fill: `fill_color`, of the border that `longest` leaves.
    ///   - normalization: `mean` and `std`; open_clip's default is that of OpenAI's CLIP.
    ///   - origin: where the values come from, such as "open_clip_config.json".
    /// - Throws: `CFG_LIMIT` where a side or the share is out of range.
    package static func openCLIP(
        inputSize: PixelSize, mode: OpenCLIPResizeMode = .shortest, cropFraction: Double = 1,
        interpolation: Resampling = .bicubic, fill: RGB = .black, normalization: PixelNormalization = .clip,
        origin: String = "open_clip"
    ) throws(PreprocessingError) -> Preprocessing {
        let scaled = try enlarged(inputSize, over: cropFraction)
        let rule: ResizeRule =
            switch mode {
            case .squash: .exactly(scaled)
            case .longest: .fitting(scaled)
            case .shortest: scaled.width == scaled.height ? .shortestSide(scaled.width) : .covering(scaled)
            }
        var steps = [
            Step(
                .resize(rule, interpolation),
                source:
                    "\(origin): resize_mode \(mode.rawValue), size \(scaled), interpolation \(interpolation.rawValue)")
        ]
        if mode != .squash || scaled != inputSize {
            let border = mode == .longest ? fill : .black
            steps.append(
                Step(.centerCrop(inputSize, .torchvision, fill: border), source: "\(origin): size \(inputSize)"))
        }
        return Preprocessing(steps: steps, normalization: normalization)
    }
}
