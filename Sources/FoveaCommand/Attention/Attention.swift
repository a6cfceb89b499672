import ArgumentParser
import Fovea
import Imaging
import VisionModels

/// The command `fovea attention`.
struct Attention: AsyncParsableCommand, VerboseCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show where a model looks.",
        discussion: """
            Lays the weights of attention over the picture as the model sees it, gray below, violet for the least and \
            yellow for the largest weight. What is shown is the attention of what the classifier reads: of the class \
            token, of the tokens whose mean it takes, or of the learned query that pools them. Several layers and heads \
            become a sheet, a row for each layer, each map on a scale of its own.

            An array has the weights themselves, float32 [layers, heads, rows, columns], a value a patch.

            Examples:
              fovea attention cat.jpg --output map.png
              fovea attention cat.jpg --layer 11,12 --head all --output heads.png
              fovea attention cat.jpg --query 7,4 --head 0,2 --output patch.npy
              fovea attention cat.jpg --rollout --output rollout.png
            """)

    @Argument(help: ArgumentHelp("Picture file (JPEG, PNG, WebP), or - for one on standard input.", valueName: "image"))
    var image: String

    @Option(
        help: ArgumentHelp(
            "Layers, from 1, or pool for the attention that pools the tokens. (default: the last)", valueName: "n[,n…]")
    )
    var layer: AttentionChoice.Layers?

    @Option(help: ArgumentHelp("Heads, from 0: all, mean for their mean, or numbers.", valueName: "heads"))
    var head = AttentionChoice.Heads.mean

    @Option(
        help: ArgumentHelp(
            "Row and column, from 0, of the patch whose attention is shown. (default: what the classifier reads)",
            valueName: "row,column"))
    var query: PatchPlace?

    @Flag(
        help: ArgumentHelp(
            "Follow attention through all layers, residuals included, heads averaged.",
            discussion:
                "Abnar and Zuidema, Quantifying Attention Flow in Transformers, 2020. Where the maps of all layers "
                + "do not fit 256 MiB, the model runs several times."))
    var rollout = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Picture or array; it appears whole or not at all.", valueName: "map.png|map.npy"))
    var output: MapFile

    @OptionGroup var overwrite: OverwriteOption
    @OptionGroup var verbosity: Verbosity
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Preprocessing, in place of the model's own") var preprocessing: PictureOptions
    @OptionGroup(title: "Device") var device: DeviceOptions

    func validate() throws {
        if rollout, layer != nil || head != .mean {
            throw ValidationError("--rollout goes through all layers and heads; leave out --layer and --head")
        }
        if layer == .pool, query != nil {
            throw ValidationError("--layer pool has one learned query; leave out --query")
        }
    }

    func run() async throws {
        let files = try model.files(quiet: verbosity.quiet)
        let (opened, recipe) = try files.open(model.overrides, preparing: preprocessing.preprocessing)
        let decoded = try decode()
        let file = try overwrite.create(output.path)
        let pictureModel = try PictureModel(
            opened, reading: PictureReader(recipe, decoding: preprocessing.decoding),
            on: { [try device.resolve()] }, options: device.sessionOptions(for: model))
        verbosity.detail(device: pictureModel.deviceName, pictureModel.precision)
        let seen = try apply(recipe, to: decoded)
        let maps = try await pictureModel.attentionMaps(of: seen, name: name, view)
        switch output.format {
        case .array: try file.write(npy: maps)
        case .picture: try file.write(sheet(of: maps, recipe, decoded, seen).png(for: output.path))
        }
        try file.commit()
        verbosity.detail(
            "\(output.path): \(maps.count) × \(maps[0].count) maps of \(maps[0][0].rows) × \(maps[0][0].columns) patches"
        )
    }

    private var view: AttentionView {
        var view = AttentionView()
        (view.layers, view.heads, view.isRollout) = (layer, head, rollout)
        if let query { view.query = .patch(row: query.row, column: query.column) }
        return view
    }

    /// What messages call the picture.
    private var name: String { image == "-" ? "standard input" : image }

    private func decode() throws(FoveaError) -> DecodedPicture {
        do {
            let options = preprocessing.decoding
            guard image == "-" else { return try PictureFile.decode(path: image, options: options) }
            let bytes = try PictureFile.read(descriptor: 0, name: name, limit: options.maximumFileBytes)
            return try DecodedPicture(decoding: bytes, options: options)
        } catch {
            throw FoveaError(error.about(file: name))
        }
    }

    private func apply(_ recipe: Preprocessing, to decoded: DecodedPicture) throws(FoveaError) -> Picture {
        do {
            return try recipe.apply(to: decoded.picture)
        } catch {
            throw FoveaError(error.about(file: name))
        }
    }

    /// One map over the picture as large as people like to see it; several side by side.
    private func sheet(
        of maps: [[HeatMap]], _ recipe: Preprocessing, _ decoded: DecodedPicture, _ seen: Picture
    ) throws(FoveaError) -> Picture {
        let count = maps.count * maps[0].count
        let side = count == 1 ? Self.side : min(Self.tileSide, Int((Self.sheetArea / Double(count)).squareRoot()))
        let factor = side / max(seen.width, seen.height)
        let below = factor > 1 ? try apply(recipe.enlarged(by: factor), to: decoded) : seen
        return Picture.sheet(maps.map { $0.map { $0.laid(over: below) } })
    }

    /// About how many pixels a map alone has on its longer side, and one among others.
    private static let (side, tileSide) = (896, 448)
    /// About how many pixels a sheet has at most, unless the model's own pictures are larger than their share of it.
    private static let sheetArea = 64e6
}

/// A file for maps, told by its name.
struct MapFile: ExpressibleByArgument {
    /// What a file holds.
    enum Format { case picture, array }

    let path: String
    let format: Format

    /// Takes names that end with .png or .npy.
    init?(argument: String) {
        switch argument.lowercased().suffix(4) {
        case ".png": format = .picture
        case ".npy": format = .array
        default: return nil
        }
        path = argument
    }
}

/// Row and column of a patch.
struct PatchPlace: ExpressibleByArgument {
    let row: Int
    let column: Int

    /// Reads `row,column`, both from 0.
    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let row = numbers[0], let column = numbers[1], row >= 0, column >= 0 else {
            return nil
        }
        (self.row, self.column) = (row, column)
    }
}

extension AttentionChoice.Layers: ExpressibleByArgument {
    /// Reads `pool` or `n[,n…]`.
    public init?(argument: String) { self.init(argument[...]) }
}

extension AttentionChoice.Heads: ExpressibleByArgument {
    /// Reads `all`, `mean` or `n[,n…]`.
    public init?(argument: String) { self.init(argument[...]) }

    /// As it is read.
    public var defaultValueDescription: String {
        switch self {
        case .all: "all"
        case .mean: "mean"
        case .some(let heads): heads.map(String.init).joined(separator: ",")
        }
    }
}
