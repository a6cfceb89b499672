import Testing

@Suite("Floors") struct FloorTests {
    @Test("Targets depend on lower floors only")
    func checkout() throws {
        let findings = FloorCheck.findings(in: try .checkout())
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("A model cannot name OpenCL")
    func models() throws {
        let findings = FloorCheck.modelFindings(in: try .checkout(), try .checkout())
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("Targets and folders are the same")
    func folders() throws {
        let findings = FloorCheck.folderFindings(in: try .checkout(), try .checkout())
        #expect(findings.isEmpty, "\(findings.report)")
    }

    private static func package(_ dependencies: KeyValuePairs<String, [String]>) -> DeclaredPackage {
        DeclaredPackage(targets: dependencies.map { .init(name: $0.key, path: "Sources/\($0.key)", targets: $0.value) })
    }

    @Test("A dependency upwards, sideways, or of an unknown target is found")
    func selfCheckOfFloors() {
        let floors = ["Ground": 0, "First": 1, "Beside": 1, "Kernels": 0, "OpenCLOperations": 3]
        let sound = Self.package([
            "Ground": [], "First": ["Ground"], "Beside": [], "Kernels": [], "OpenCLOperations": ["First", "Kernels"],
        ])
        #expect(FloorCheck.findings(in: sound, floors: floors).isEmpty)

        let broken = Self.package([
            "Ground": ["First"], "First": ["Beside", "Kernels"], "Beside": [], "Kernels": [], "New": [],
        ])
        let report = FloorCheck.findings(in: broken, floors: floors).report
        #expect(report.contains("Ground (floor 0) depends on First (floor 1)"))
        #expect(report.contains("First (floor 1) depends on Beside (floor 1)"))
        #expect(report.contains("First depends on Kernels; only OpenCLOperations may"))
        #expect(report.contains("New stands on no floor"))
        #expect(report.contains("OpenCLOperations, which is no target"))
    }

    @Test("A model that reaches or names OpenCL is found")
    func selfCheckOfModels() {
        let package = Self.package([
            "VisionModels": ["Checkpoints"], "Checkpoints": ["OpenCLRuntime"], "OpenCLRuntime": [],
        ])
        let tree = SourceTree([
            "Sources/VisionModels/A.swift": "// OpenCL in a comment\nlet a = OpenCLThing()\nlet b: cl_mem"
        ])
        let findings = FloorCheck.modelFindings(in: tree, package)
        #expect(findings.map(\.line) == [nil, 2, 3])
    }

    @Test("A target without folder and a folder without target are found")
    func selfCheckOfFolders() {
        let package = Self.package(["Here": [], "Gone": []])
        let tree = SourceTree(["Sources/Here/A.swift": "", "Sources/Forgotten/A.swift": ""])
        let findings = FloorCheck.folderFindings(in: tree, package)
        #expect(findings.map(\.path) == ["Sources/Gone", "Sources/Forgotten"])
    }
}
