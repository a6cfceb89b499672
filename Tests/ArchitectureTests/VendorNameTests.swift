import Testing

@Suite("Vendor names") struct VendorNameTests {
    @Test("Only Quirks.swift names a vendor")
    func checkout() throws {
        let findings = VendorNameCheck.findings(in: try .checkout())
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test(
        "A vendor is found in words and identifiers",
        arguments: [
            "vendor == \"NVIDIA Corporation\"", "if isNVIDIA {", "NVIDIADevice", "PoCLVersion", "let nvidiaQuirk = 1",
            "device.isPoCL", "POCL_CACHE_DIR", "case .Arm", "isMaliDevice", "(intel)", "AMD", "oclgrind",
            "x == \"Mesa\"",
        ])
    func finds(_ code: String) {
        let tree = SourceTree(["Sources/OpenCLRuntime/A.swift": code, VendorNameCheck.home: code])
        #expect(VendorNameCheck.findings(in: tree).map(\.path) == ["Sources/OpenCLRuntime/A.swift"])
    }

    @Test(
        "Words that only contain such a name are not found",
        arguments: [
            "normalize(rows)", "warmup", "WARMUP", "#if arch(arm64)", "alarm", "guard.arm()", "Intelligent",
            "INTELLIGENT", "amd64",
            "// NVIDIA",
            "armor", "install(\"pocl-opencl-icd\")", "choose(\"linear_nvidia_mma\")",
        ])
    func passes(_ code: String) {
        let tree = SourceTree(["Sources/OpenCLRuntime/A.swift": code, "Kernels/linear_nvidia_mma.cl": ""])
        let findings = VendorNameCheck.findings(in: tree)
        #expect(findings.isEmpty, "\(findings.report)")
    }
}
