import FoundationEssentials
import Fovea
import Testing

@Suite("The Swift that is shown")
struct ExampleTests {
    /// Everything that shows Swift.
    private static var documents: [String] {
        get throws {
            let files = FileManager.default
            return try ["README.md"]
                + files.contentsOfDirectory(atPath: "\(PackageRoot.path)/Sources/Fovea/Fovea.docc").sorted()
                .filter { $0.hasSuffix(".md") }.map { "Sources/Fovea/Fovea.docc/\($0)" }
                + files.subpathsOfDirectory(atPath: "\(PackageRoot.path)/Sources/Fovea").sorted()
                .filter { $0.hasSuffix(".swift") }.map { "Sources/Fovea/\($0)" }
        }
    }

    @Test("is compiled as shown, and all that is compiled is shown")
    func compiled() throws {
        let source = try text("Tests/FoveaTests/Examples.swift").split(
            separator: "\n", omittingEmptySubsequences: false)
        let imports = Set(source.filter { $0.hasPrefix("import ") })
        let examples = Set(blocks(of: source, from: "    // EXAMPLE begins", to: "    // EXAMPLE ends", indentation: 4))
        var shown: Set<String> = []
        for document in try Self.documents {
            let comment = document.hasSuffix(".swift") ? "/// " : ""
            let lines = try text(document).split(separator: "\n", omittingEmptySubsequences: false)
            for block in blocks(of: lines, from: "\(comment)```swift", to: "\(comment)```", indentation: comment.count)
            {
                let body = block.split(separator: "\n", omittingEmptySubsequences: false)
                    .drop { $0.isEmpty || imports.contains($0) }.joined(separator: "\n")
                #expect(
                    examples.contains(body), "\(document) shows what Tests/FoveaTests/Examples.swift lacks:\n\(body)")
                shown.insert(body)
            }
        }
        #expect(examples.subtracting(shown).isEmpty, "compiled, but shown nowhere")
        #expect(examples.count > 5)
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

    @Test("articles name files that exist")
    func files() throws {
        var count = 0
        for document in try Self.documents where document.hasSuffix(".md") {
            // `x` stands for any name.
            for word in try text(document).split(separator: "`")
            where word.firstMatch(of: /\/[xX](_plain\.|[.+])/) == nil {
                let isPath = ["Sources/", "Kernels/", "Tests/", "Scripts/", "Benchmarks/", "Examples/"].contains {
                    word.hasPrefix($0)
                }
                guard isPath, !word.contains(where: { " \n*[…".contains($0) }) else { continue }
                count += 1
                let path = "\(PackageRoot.path)/\(word)"
                #expect(FileManager.default.fileExists(atPath: path), "\(document) names \(word)")
            }
        }
        #expect(count > 20)
    }

    /// What stands between two lines, each time they come.
    private func blocks(of lines: [Substring], from begin: String, to end: String, indentation: Int) -> [String] {
        var found: [String] = []
        var open: [String]?
        for line in lines {
            if line == begin || line == "    " + begin {
                open = []
            } else if let block = open, line == end || line == "    " + end {
                found.append(block.joined(separator: "\n"))
                open = nil
            } else {
                open?.append(String(line.dropFirst(indentation)))
            }
        }
        return found
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: "\(PackageRoot.path)/\(name)")), as: UTF8.self)
    }
}
