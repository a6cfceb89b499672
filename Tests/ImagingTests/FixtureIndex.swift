import FoundationEssentials
import Imaging
import Testing

/// `index.json`: which file or recipe must give which pixels; written by make_fixtures.py from the references.
struct FixtureIndex: Decodable, Sendable {
    let decoding: [File]
    let orientation: [File]
    let resampling: [Resized]
    let preprocessing: Recipes

    /// A picture in expected.bin.
    struct Expected: Decodable, Sendable {
        let offset: Int
        let width: Int
        let height: Int

        var picture: Picture {
            let size = PixelSize(width: width, height: height)
            return Picture(size: size, bytes: Array(FixtureIndex.pixels[offset..<offset + size.area * 3]))
        }
    }

    struct File: Decodable, Sendable, CustomTestStringConvertible {
        let file: String
        let offset: Int
        let width: Int
        let height: Int

        var testDescription: String { file }
        var expected: Expected { Expected(offset: offset, width: width, height: height) }
    }

    struct Resized: Decodable, Sendable, CustomTestStringConvertible {
        let source: Expected
        let targets: [Target]

        var testDescription: String { "from \(source.width)×\(source.height)" }

        struct Target: Decodable, Sendable {
            let filter: String
            let offset: Int
            let width: Int
            let height: Int

            var expected: Expected { Expected(offset: offset, width: width, height: height) }
        }
    }

    struct Recipes: Decodable, Sendable {
        let sources: [Expected]
        let recipes: [Recipe]
    }

    struct Recipe: Decodable, Sendable, CustomTestStringConvertible {
        let kind: String
        let width: Int?
        let height: Int?
        let crop_pct: Double?
        let mode: String?
        let interpolation: String?
        let resample: Int?
        let size: [String: Int]?
        let crop: [String: Int]?
        let expected: [Expected]

        var testDescription: String {
            [
                kind, mode, interpolation, width.map { "\($0)×\(height ?? 0)" }, crop_pct.map { "crop_pct \($0)" },
                size.map { "size \($0)" }, crop.map { "crop \($0)" },
            ].compactMap(\.self).joined(separator: ", ")
        }
    }

    static let pixels = (try? Fixtures.own("expected.bin")) ?? []
    static let all: FixtureIndex? = try? Fixtures.json(
        FixtureIndex.self, at: Fixtures.own.appending(path: "index.json"))
}
