import FoundationEssentials
import Fovea
import Testing

@Suite("The README's program")
struct ReadmeTests {
    @Test("compiles as printed")
    func program() throws {
        let source = try text("Tests/FoveaTests/ReadmeExample.swift").split(separator: "\n")
        let (first, last) = (
            try #require(source.firstIndex { $0.hasSuffix("// README begins") }),
            try #require(source.firstIndex { $0.hasSuffix("// README ends") })
        )
        let program = source[(first + 1)..<last].map { String($0.dropFirst(4)) }.joined(separator: "\n")
        #expect(try text("README.md").contains("```swift\nimport Fovea\n\n\(program)\n```"))
    }

    @Test("classifies from the library alone")
    func classifies() async throws {
        let classifier = try ImageClassifier(model: "demo", device: "cpu")
        let picture = PackageRoot.path + "/Examples/pictures/star.jpg"
        let best = try #require(try await classifier.classify(picture, top: 3).first)
        #expect(best.label == "star" && best.probability > 0.5)
        let results = try await classifier.classify([picture, PackageRoot.path + "/Package.swift"], top: 1)
        #expect(try results[0].get().first?.label == "star")
        #expect(throws: FoveaError.self) { try results[1].get() }
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: "\(PackageRoot.path)/\(name)")), as: UTF8.self)
    }
}
