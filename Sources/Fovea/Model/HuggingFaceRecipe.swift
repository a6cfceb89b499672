import Checkpoints
import Imaging
import VisionModels

/// transformers' image processor, as `preprocessor_config.json` describes it.
///
/// What the file leaves out has the default of the processor's class (huggingface/transformers,
/// `image_processing_{vit,deit,bit,clip,siglip}.py`).
struct HuggingFaceRecipe {
    private let fields: Configuration
    private let defaults: Defaults
    private let model: Configuration?

    /// The defaults of a processor class.
    private struct Defaults {
        let size: HuggingFaceSize
        let crop: PixelSize?
        let resample: Resampling
        let normalization: PixelNormalization
        /// Whether an old file's single number is the shortest side.
        var numberIsShortestSide = false
    }

    init(_ fields: Configuration, type: String? = nil, model: Configuration? = nil) throws {
        self.fields = fields
        self.model = model
        let processor = try fields.string("image_processor_type")
        let extractor = try fields.string("feature_extractor_type")
        defaults = Self.defaults((processor ?? extractor ?? type ?? "vit").lowercased())
    }

    private static func defaults(_ type: String) -> Defaults {
        let square = PixelSize(side: 224)
        if type.hasPrefix("clip") {
            return Defaults(
                size: .shortestEdge(224), crop: square, resample: .bicubic, normalization: .clip,
                numberIsShortestSide: true)
        }
        if type.hasPrefix("bit") || type.hasPrefix("dinov2") {
            return Defaults(
                size: .shortestEdge(224), crop: square, resample: .bicubic, normalization: .clip,
                numberIsShortestSide: true)
        }
        if type.hasPrefix("deit") {
            return Defaults(
                size: .exactly(PixelSize(side: 256)), crop: square, resample: .bicubic, normalization: .half)
        }
        if type.hasPrefix("siglip") {
            return Defaults(size: .exactly(square), crop: nil, resample: .bicubic, normalization: .half)
        }
        return Defaults(size: .exactly(square), crop: nil, resample: .bilinear, normalization: .half)
    }

    func preprocessing(_ options: PreprocessingOptions) throws -> Preprocessing {
        let normalization = try options.normalization(over: self.normalization())
        let (size, crop) = (try self.size(), try self.crop())
        let resample = try options.interpolation ?? self.resample()
        let own = crop ?? size.flatMap { if case .exactly(let size) = $0 { size } else { nil } }
        let target = options.inputSize.map { PixelSize(width: $0.width, height: $0.height) }
        if let mode = options.mode {
            guard let pixels = target ?? own else {
                throw fields.rejecting("size", code: .configurationShape, expected: "an input size, or --input-size")
            }
            return try .mode(
                mode, inputSize: pixels, cropFraction: options.cropFraction, interpolation: resample,
                normalization: normalization)
        }
        return try .huggingFace(
            size: resized(size, from: own, to: target, keeping: options.cropFraction), resample: resample,
            cropSize: crop.map { target ?? $0 }, normalization: normalization, origin: fields.file)
    }

    /// The size before the crop for another input: in proportion, or as the user's share says.
    private func resized(
        _ size: HuggingFaceSize?, from own: PixelSize?, to target: PixelSize?, keeping fraction: Double?
    ) throws(PreprocessingError) -> HuggingFaceSize? {
        guard let own, target != nil || fraction != nil, let size else { return size }
        let goal = target ?? own
        var enlarged: PixelSize?
        if let fraction { enlarged = try Preprocessing.enlarged(goal, over: fraction) }
        func scaled(_ length: Int, _ ownSide: Int, _ goalSide: Int) -> Int { max(1, length * goalSide / ownSide) }
        func scaledShortest(_ edge: Int) -> Int {
            enlarged.map { min($0.width, $0.height) }
                ?? scaled(edge, min(own.width, own.height), min(goal.width, goal.height))
        }
        switch size {
        case .exactly(let exact):
            return .exactly(
                enlarged
                    ?? PixelSize(
                        width: scaled(exact.width, own.width, goal.width),
                        height: scaled(exact.height, own.height, goal.height)))
        case .shortestEdge(let edge): return .shortestEdge(scaledShortest(edge))
        case .shortestEdgeLimited(let edge, let longest):
            return .shortestEdgeLimited(scaledShortest(edge), longestEdge: longest)
        }
    }

    private func normalization() throws -> PixelNormalization {
        let rescales = try fields.bool("do_rescale") ?? true
        let scale = rescales ? try fields.double("rescale_factor") ?? 1.0 / 255 : 1
        guard scale > 0, scale <= 1 else {
            throw fields.rejecting(
                "rescale_factor", code: .configurationNormalization, expected: "above 0 and at most 1")
        }
        guard try fields.bool("do_normalize") ?? true else {
            return try PixelNormalization(mean: [0, 0, 0], deviation: [1, 1, 1], scale: scale)
        }
        return try PixelNormalization(
            mean: fields.triple("image_mean") ?? defaults.normalization.mean,
            deviation: fields.positiveTriple("image_std") ?? defaults.normalization.deviation, scale: scale)
    }

    private func resample() throws -> Resampling {
        guard let code = try fields.integer("resample") else { return defaults.resample }
        guard let filter = Resampling(pillowCode: code) else {
            throw fields.rejecting("resample", code: .configurationType, expected: "a Pillow filter, 0 to 5")
        }
        return filter
    }

    private func size() throws -> HuggingFaceSize? {
        guard try fields.bool("do_resize") ?? true else { return nil }
        guard let value = fields.value("size") else { return try modelSize().map { .exactly($0) } ?? defaults.size }
        if let side = value.integer, isSide(side) {
            return defaults.numberIsShortestSide ? .shortestEdge(side) : .exactly(PixelSize(side: side))
        }
        if let edge = value["shortest_edge"]?.integer, isSide(edge) {
            guard let longest = value["longest_edge"]?.integer else { return .shortestEdge(edge) }
            if isSide(longest) { return .shortestEdgeLimited(edge, longestEdge: longest) }
        }
        if let size = pixels(value) { return .exactly(size) }
        throw fields.rejecting(
            "size", code: .configurationShape, expected: "height and width, or shortest_edge, of 1 to 16384")
    }

    private func crop() throws -> PixelSize? {
        let crops = try fields.bool("do_center_crop") ?? (defaults.crop != nil)
        guard crops else { return nil }
        guard let value = fields.value("crop_size") else { return try modelSize() ?? defaults.crop }
        if let side = value.integer, isSide(side) { return PixelSize(side: side) }
        if let size = pixels(value) { return size }
        throw fields.rejecting("crop_size", code: .configurationShape, expected: "height and width of 1 to 16384")
    }

    /// Without a preprocessor file the model's own `image_size` is all that is known.
    private func modelSize() throws -> PixelSize? {
        guard let side = model?.value("image_size")?.integer, isSide(side) else { return nil }
        return PixelSize(side: side)
    }

    private func pixels(_ value: JSON) -> PixelSize? {
        guard let height = value["height"]?.integer, let width = value["width"]?.integer, isSide(height), isSide(width)
        else { return nil }
        return PixelSize(width: width, height: height)
    }

    private func isSide(_ length: Int) -> Bool { (1...1 << 14).contains(length) }
}
