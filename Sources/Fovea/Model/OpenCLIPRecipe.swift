import Checkpoints
import Imaging
import VisionModels

/// open_clip's transform of pictures, as `open_clip_config.json` describes it.
///
/// `preprocess_cfg` holds all but the size, which open_clip takes from the tower: `model_cfg.vision_cfg.image_size`. What the
/// file leaves out has the default of `PreprocessCfg` (mlfoundations/open_clip, src/open_clip/transform.py and factory.py).
struct OpenCLIPRecipe {
    private let fields: Configuration
    private let vision: Configuration

    /// Sees a configuration as open_clip's; nil where it is another's.
    init?(_ configuration: Configuration) throws(CheckpointError) {
        guard let model = try configuration.section("model_cfg") else { return nil }
        vision = try model.section("vision_cfg") ?? Configuration([:], file: configuration.file)
        fields = try configuration.section("preprocess_cfg") ?? Configuration([:], file: configuration.file)
    }

    func preprocessing(_ options: PreprocessingOptions) throws -> Preprocessing {
        let normalization = try options.normalization(
            over: PixelNormalization(
                mean: fields.colors("mean") ?? PixelNormalization.clip.mean,
                deviation: fields.positiveColors("std") ?? PixelNormalization.clip.deviation))
        let size = try options.inputSize.map { PixelSize(width: $0.width, height: $0.height) } ?? self.size()
        let (filter, own) = (try options.interpolation ?? interpolation(), try mode())
        if let mode = options.mode {
            return try .mode(
                mode, inputSize: size, cropFraction: options.cropFraction ?? 1, interpolation: filter,
                normalization: normalization)
        }
        return try .openCLIP(
            inputSize: size, mode: own, cropFraction: options.cropFraction ?? 1, interpolation: filter,
            fill: RGB(gray: fillColor()), normalization: normalization, origin: fields.file)
    }

    private func size() throws(CheckpointError) -> PixelSize {
        if let stated = vision.value("image_size") { return try pixels(stated, "image_size", of: vision) }
        if let stated = fields.value("size") { return try pixels(stated, "size", of: fields) }
        return PixelSize(side: 224)
    }

    private func pixels(_ value: JSON, _ field: String, of owner: Configuration) throws(CheckpointError) -> PixelSize {
        let sides = value.integer.map { [$0, $0] } ?? value.integers ?? []
        guard sides.count == 2, sides.allSatisfy({ (1...1 << 14).contains($0) }) else {
            throw owner.rejecting(
                field, code: .configurationShape, expected: "one integer of 1 to 16384, or [height, width]")
        }
        return PixelSize(width: sides[1], height: sides[0])
    }

    /// `random` picks a filter in training alone: open_clip evaluates bicubic then.
    private func interpolation() throws(CheckpointError) -> Resampling {
        switch try fields.string("interpolation") ?? "bicubic" {
        case "bicubic", "random": return .bicubic
        case "bilinear": return .bilinear
        default:
            throw fields.rejecting(
                "interpolation", code: .configurationType, expected: "bicubic, bilinear or random")
        }
    }

    private func mode() throws(CheckpointError) -> OpenCLIPResizeMode {
        guard let name = try fields.string("resize_mode") else { return .shortest }
        guard let mode = OpenCLIPResizeMode(rawValue: name) else {
            throw fields.rejecting(
                "resize_mode", code: .configurationType,
                expected: OpenCLIPResizeMode.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return mode
    }

    private func fillColor() throws(CheckpointError) -> UInt8 {
        guard let color = UInt8(exactly: try fields.integer("fill_color") ?? 0) else {
            throw fields.rejecting("fill_color", code: .configurationLimit, expected: "0 to 255")
        }
        return color
    }
}

extension Configuration {
    /// Three numbers, or one for all three, as open_clip writes them.
    fileprivate func colors(_ field: String) throws(CheckpointError) -> [Double]? {
        if let one = value(field)?.double { return [one, one, one] }
        return try triple(field)
    }

    /// Three numbers above 0, or one for all three.
    fileprivate func positiveColors(_ field: String) throws(CheckpointError) -> [Double]? {
        guard let one = value(field)?.double else { return try positiveTriple(field) }
        guard one > 0 else {
            throw rejecting(field, code: .configurationNormalization, expected: "above 0")
        }
        return [one, one, one]
    }
}
