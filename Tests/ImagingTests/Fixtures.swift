import FoundationEssentials
import Imaging
import Testing

/// Where the tests find their files: below the package, and in the folder of shared goldens beside it.
enum Fixtures {
    static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let own = packageRoot.appending(path: "Tests/Fixtures/Imaging")
    static let shared = packageRoot.deletingLastPathComponent().appending(path: "shared")

    static func bytes(_ url: URL) throws -> [UInt8] {
        Array(try Data(contentsOf: url))
    }

    static func own(_ name: String) throws -> [UInt8] {
        try bytes(own.appending(path: name))
    }

    static func json<T: Decodable>(_ type: T.Type, at url: URL) throws -> T {
        try JSONDecoder().decode(type, from: Data(contentsOf: url))
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips where the folder of shared goldens is not beside the package.
    static var requiresSharedFolder: Self {
        .enabled(
            "the folder ../shared with the golden pictures is not here",
            { FileManager.default.fileExists(atPath: Fixtures.shared.appending(path: "preprocessing/index.json").path) }
        )
    }
}

/// Fails with the first pixel that differs and with how many do.
func expectSame(_ found: Picture, _ expected: Picture, sourceLocation: SourceLocation = #_sourceLocation) {
    guard found != expected else { return }
    guard found.size == expected.size else {
        Issue.record("found \(found.size), expected \(expected.size)", sourceLocation: sourceLocation)
        return
    }
    let differing = zip(found.bytes, expected.bytes).enumerated().filter { $1.0 != $1.1 }
    let worst = differing.map { abs(Int($1.0) - Int($1.1)) }.max() ?? 0
    let pixel = (differing.first?.offset ?? 0) / 3
    let (x, y) = (pixel % found.width, pixel / found.width)
    Issue.record(
        """
        \(differing.count) of \(found.bytes.count) bytes differ, at most by \(worst); first at (\(x), \(y)): \
        found \(found[x: x, y: y]), expected \(expected[x: x, y: y])
        """, sourceLocation: sourceLocation)
}
