import Testing

@Suite("Imports") struct ImportTests {
    @Test("Every import is declared or of the toolchain")
    func checkout() throws {
        let findings = ImportCheck.findings(in: try .checkout(), try .checkout())
        #expect(findings.isEmpty, "\(findings.report)")
    }

    private static let package = DeclaredPackage(targets: [
        .init(name: "Low", path: "Sources/Low"),
        .init(name: "High", path: "Sources/High", targets: ["Low"], products: ["ArgumentParser"]),
        .init(name: "HighTests", path: "Tests/HighTests", isTest: true, targets: ["High"]),
    ])

    @Test(
        "What is declared may be imported",
        arguments: [
            "import Low", "public import Low", "@testable import Low", "package import struct Low.Shape",
            "import ArgumentParser", "import Glibc", "import FoundationEssentials",
            "#if canImport(Darwin)\nimport Darwin\n#endif",
            "// import Foundation", "let text = \"import Foundation\"", "/* /* */ import Foundation */",
            "#if canImport(FoundationEssentials)\nimport FoundationEssentials\n#else\nimport Foundation\n#endif",
        ])
    func accepts(_ text: String) {
        let findings = ImportCheck.findings(in: SourceTree(["Sources/High/A.swift": text]), Self.package)
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test(
        "What is not declared may not be imported",
        arguments: [
            "import High", "import Foundation", "public import Foundation", "@preconcurrency import Foundation",
            "@testable import High", "package import High", "import struct High.Shape", "import High.Part",
            "import Testing", "import FoundationNetworking", "let a = 1; import High", "import\n    High",
            "#if canImport(High)\nimport High\n#endif",
            "#if os(macOS)\nimport Darwin\n#else\nimport Foundation\n#endif",
            "#if canImport(FoundationEssentials)\nimport Foundation\n#else\nimport Glibc\n#endif",
            "/* */ import High", "let text = \"\\(\"a\")\"\nimport High",
            "let text = #\"\"\"\n\"#\n\"\"\"#\nimport High",
        ])
    func rejects(_ text: String) {
        let findings = ImportCheck.findings(in: SourceTree(["Sources/Low/A.swift": text]), Self.package)
        #expect(findings.count == 1)
    }

    @Test("A test may import Testing and its own targets alone")
    func tests() {
        let tree = SourceTree(["Tests/HighTests/A.swift": "import Testing\nimport High\nimport Low\nimport Foundation"])
        let findings = ImportCheck.findings(in: tree, Self.package)
        #expect(findings.map(\.line) == [3, 4])
    }

    @Test("A file outside every target is found")
    func stray() {
        let findings = ImportCheck.findings(in: SourceTree(["Sources/Stray/A.swift": "import Low"]), Self.package)
        #expect(findings.map(\.path) == ["Sources/Stray/A.swift"])
    }
}
