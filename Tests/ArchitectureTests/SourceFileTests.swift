import FoundationEssentials
import Testing

@Suite("Source files") struct SourceFileTests {
    @Test("Files are small and named after what is in them")
    func checkout() throws {
        let findings = SourceFileCheck.findings(in: try .checkout())
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("No machine path is committed")
    func machinePaths() throws {
        let checkout = SourceTree.root.deletingLastPathComponent().path
        let findings = SourceFileCheck.machinePathFindings(in: try .checkout(), checkout: checkout)
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("A long file is found, one of the allowed length is not")
    func length() {
        let line = "let a = 1\n"
        let tree = SourceTree([
            "Sources/A/Long.swift": String(repeating: line, count: 501),
            "Sources/A/Fits.swift": String(repeating: line, count: 500),
        ])
        #expect(SourceFileCheck.findings(in: tree).map(\.path) == ["Sources/A/Long.swift"])
    }

    @Test(
        "A name that says nothing is found",
        arguments: ["Utils", "ImageUtils", "Image+Helpers", "Common", "Helpers/Crop", "misc/Crop"])
    func emptyName(_ name: String) {
        #expect(SourceFileCheck.findings(in: SourceTree(["Sources/A/\(name).swift": ""])).count == 1)
    }

    @Test("A name that only resembles one is not", arguments: ["Commonality", "Utilization", "Image+Crop"])
    func fullName(_ name: String) {
        #expect(SourceFileCheck.findings(in: SourceTree(["Sources/A/\(name).swift": ""])).isEmpty)
    }

    @Test(
        "A machine path is found",
        arguments: [
            ("let path = \"/home/someone/x\"", 1), ("see /tmp/x.npy", 1), ("cd /builds/fovea", 1), ("$HOME/tmp/x", 0),
            ("https://example.org/home/", 0), ("Sources/tmp/x", 0), ("\"$folder/tmp/x\"", 0), ("/usr/lib/x", 0),
        ])
    func machinePath(_ text: String, _ count: Int) {
        let tree = SourceTree(["Scripts/test": text])
        let findings = SourceFileCheck.machinePathFindings(in: tree, checkout: "/builds")
        #expect(findings.count == count)
    }
}
