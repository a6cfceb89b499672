import ArgumentParser
import Fovea
import Imaging
import VisionModels

/// How pictures become what a model sees; each option stands in place of the model's own configuration.
struct PictureOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Size the model sees, as 224 or HEIGHTxWIDTH.", valueName: "HxW"))
    var inputSize: InputSize?

    @Option(
        help: ArgumentHelp(
            "How a picture is made to fit.",
            discussion:
                "shortest cuts out the middle; squash gives up the proportions; the others keep the whole picture "
                + "and fill what is left, border with the mean color, longest with black, letterbox with gray.",
            valueName: "mode"))
    var resize: ResizeMode?

    @Option(help: ArgumentHelp("Share of the resized picture that is kept, above 0 and at most 1.", valueName: "f"))
    var cropPct: Double?

    @Option(help: ArgumentHelp("Filter that resizes, as Pillow has it.", valueName: "filter"))
    var interpolation: Resampling?

    @OptionGroup var normalization: NormalizationOptions

    @Flag(help: "Leave pictures as stored, whatever their EXIF orientation says.")
    var ignoreExif = false

    @Flag(help: "Take pictures whose file ends early; what is missing stays gray.")
    var allowTruncated = false

    @Option(
        help: ArgumentHelp(
            "Most pixels a picture may have. (default: \(DecodingOptions().maximumPixels))", valueName: "n"))
    var maxPixels: Int?

    var preprocessing: PreprocessingOptions {
        var options = PreprocessingOptions()
        (options.mode, options.cropFraction, options.interpolation) = (resize, cropPct, interpolation)
        (options.mean, options.deviation) = (normalization.mean?.values, normalization.std?.values)
        options.inputSize = inputSize
        return options
    }

    var decoding: DecodingOptions {
        var options = DecodingOptions()
        options.appliesOrientation = !ignoreExif
        options.allowsTruncated = allowTruncated
        if let maxPixels { options.maximumPixels = maxPixels }
        return options
    }

    /// The most bytes an encoded picture may have.
    var fileLimit: Int { decoding.maximumFileBytes }

    func validate() throws {
        try inputSize?.checkSides()
        if let cropPct, !(cropPct > 0 && cropPct <= 1) {
            throw ValidationError("--crop-pct \(cropPct): must be above 0 and at most 1")
        }
        if let maxPixels, maxPixels < 1 { throw ValidationError("--max-pixels \(maxPixels): must be at least 1") }
    }
}

/// How bytes become the numbers that a model reads.
struct NormalizationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Mean of red, green and blue of pixels scaled to 0…1.", valueName: "R,G,B"))
    var mean: ColorTriple?

    @Option(help: ArgumentHelp("Standard deviation of red, green and blue.", valueName: "R,G,B"))
    var std: ColorTriple?

    func validate() throws {
        if let std, !std.values.allSatisfy({ $0 > 0 }) {
            throw ValidationError("--std \(std): every number must be above 0")
        }
    }
}

extension ResizeMode: ExpressibleByArgument {}
extension Resampling: ExpressibleByArgument {}

extension InputSize: ExpressibleByArgument {
    /// Reads `224` or `HEIGHTxWIDTH`; `checkSides` says what sides are too long.
    public init?(argument: String) {
        let sides = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard sides.count <= 2, let height = sides[0], let width = sides[sides.count - 1], min(height, width) > 0 else {
            return nil
        }
        self.init(height: height, width: width)
    }

    /// Throws a usage error for a side that no picture is given.
    func checkSides() throws {
        guard max(height, width) > Self.maximumSide else { return }
        throw ValidationError("--input-size \(height)x\(width): sides must be from 1 to \(Self.maximumSide)")
    }
}

/// Three numbers, red, green, blue.
struct ColorTriple: ExpressibleByArgument, CustomStringConvertible {
    let values: [Double]
    let description: String

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        let numbers = parts.compactMap { $0 }.filter(\.isFinite)
        guard parts.count == 3, numbers.count == 3 else { return nil }
        values = numbers
        description = argument
    }
}
