import FoundationEssentials
import Imaging
import Testing

/// The pictures that timm, transformers and the Keras code hand to normalization, byte by byte.
@Suite(.requiresSharedFolder) struct SharedGoldenTests {
    @Test(arguments: GoldenCase.all)
    func everyByteIsTheReferences(_ golden: GoldenCase) throws {
        let picture = try PictureFile.decode(path: golden.picture.path).picture
        let found = try golden.preprocessing().apply(to: picture)
        expectSame(found, try PictureFile.decode(path: golden.expected.path).picture)
    }

    @Test func noCaseIsMissing() {
        #expect(GoldenCase.all.count == 132)
    }

    @Test func deiTCropsAreTheReferences() throws {
        let folder = Fixtures.shared.appending(path: "photos")
        let labels = String(decoding: try Fixtures.bytes(folder.appending(path: "labels.tsv")), as: UTF8.self)
        let names = labels.split(separator: "\n").compactMap { $0.split(separator: "\t").first }
            .filter { $0.contains(".") }
        #expect(names.count == 14)
        let crops = try Fixtures.bytes(folder.appending(path: "crops_u8.npy"))
        let cropBytes = 224 * 224 * 3
        let start = crops.count - names.count * cropBytes
        let recipe = try Preprocessing.timm(inputSize: PixelSize(side: 224), cropFraction: 0.9)
        for (index, name) in names.enumerated() {
            let photo = try PictureFile.decode(path: folder.appending(path: String(name)).path).picture
            let crop = Array(crops[start + index * cropBytes..<start + (index + 1) * cropBytes])
            expectSame(try recipe.apply(to: photo), Picture(size: PixelSize(side: 224), bytes: crop))
        }
    }
}

/// One row of `preprocessing/index.json`.
struct GoldenCase: CustomTestStringConvertible, Sendable {
    let picture: URL
    let expected: URL
    let recipe: URL
    let testDescription: String

    static let all: [GoldenCase] = {
        let folder = Fixtures.shared.appending(path: "preprocessing")
        guard let rows = try? Fixtures.json([Row].self, at: folder.appending(path: "index.json")) else { return [] }
        return rows.map { row in
            GoldenCase(
                picture: Fixtures.shared.appending(path: row.folder).appending(path: row.picture),
                expected: folder.appending(path: row.expected),
                recipe: folder.appending(path: "recipes").appending(path: row.recipe),
                testDescription: "\(row.picture), \(row.recipe)")
        }
    }()

    private struct Row: Decodable {
        let picture: String
        let folder: String
        let recipe: String
        let expected: String
    }
}

// What a caller does with a configuration: parse it, then call the builder.
extension GoldenCase {
    func preprocessing() throws -> Preprocessing {
        let flags = recipe.appending(path: "flags.txt")
        if FileManager.default.fileExists(atPath: flags.path) { return try fromFlags(flags) }
        let processor = recipe.appending(path: "preprocessor_config.json")
        if FileManager.default.fileExists(atPath: processor.path) { return try fromProcessor(processor) }
        return try fromTIMM(recipe.appending(path: "config.json"))
    }

    private func fromTIMM(_ url: URL) throws -> Preprocessing {
        let config = try Fixtures.json(TIMMConfiguration.self, at: url).pretrained_cfg
        return try Preprocessing.timm(
            inputSize: PixelSize(width: config.input_size[2], height: config.input_size[1]),
            cropFraction: config.crop_pct, cropMode: try #require(TIMMCropMode(rawValue: config.crop_mode)),
            interpolation: try #require(Resampling(rawValue: config.interpolation)),
            normalization: try PixelNormalization(mean: config.mean, deviation: config.std))
    }

    private func fromProcessor(_ url: URL) throws -> Preprocessing {
        let config = try Fixtures.json(ProcessorConfiguration.self, at: url)
        let crop = config.do_center_crop == true ? config.crop_size : nil
        return try Preprocessing.huggingFace(
            size: try config.size.shortest_edge.map(HuggingFaceSize.shortestEdge)
                ?? .exactly(
                    PixelSize(width: try #require(config.size.width), height: try #require(config.size.height))),
            resample: try #require(Resampling(pillowCode: config.resample)),
            cropSize: try crop.map { try PixelSize(width: #require($0.width), height: #require($0.height)) },
            normalization: try PixelNormalization(
                mean: config.image_mean, deviation: config.image_std, scale: config.rescale_factor))
    }

    private func fromFlags(_ url: URL) throws -> Preprocessing {
        let words = String(decoding: try Fixtures.bytes(url), as: UTF8.self).split { $0 == " " || $0 == "\n" }
        func value(_ flag: String) throws -> String {
            let place = try #require(words.firstIndex { $0 == flag })
            return String(words[place + 1])
        }
        func numbers(_ flag: String, _ separator: Character) throws -> [Double] {
            try value(flag).split(separator: separator).map { try #require(Double($0)) }
        }
        let size = try numbers("--input-size", "x").map { Int($0) }
        return try Preprocessing.mode(
            try #require(ResizeMode(rawValue: value("--resize"))),
            inputSize: PixelSize(width: size[1], height: size[0]),
            interpolation: try #require(Resampling(rawValue: value("--interpolation"))),
            normalization: try PixelNormalization(
                mean: try numbers("--mean", ","), deviation: try numbers("--std", ",")))
    }
}

private struct TIMMConfiguration: Decodable {
    let pretrained_cfg: Fields
    struct Fields: Decodable {
        let input_size: [Int]
        let crop_pct: Double
        let crop_mode: String
        let interpolation: String
        let mean: [Double]
        let std: [Double]
    }
}

private struct ProcessorConfiguration: Decodable {
    let size: Size
    let crop_size: Size?
    let do_center_crop: Bool?
    let resample: Int
    let rescale_factor: Double
    let image_mean: [Double]
    let image_std: [Double]
    struct Size: Decodable {
        let shortest_edge: Int?
        let height: Int?
        let width: Int?
    }
}
