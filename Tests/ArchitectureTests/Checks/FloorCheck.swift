/// A target depends only on floors below its own.
enum FloorCheck {
    /// The floors of the house, as DESIGN draws them.
    ///
    /// A new target gets its row here in the change that brings it.
    static let floors: [String: Int] = [
        "COpenCL": 0, "CZlib": 0, "CImageDecoding": 0, "CHDF5": 0, "DemoModel": 0,
        "ImageNetClasses": 0, "Kernels": 0,
        "Operations": 1,
        "Checkpoints": 2, "Imaging": 2, "OpenCLRuntime": 2,
        "CheckpointsHDF5": 3, "ModelHub": 3, "VisionModels": 3, "OpenCLOperations": 3, "OperationCases": 3,
        "Fovea": 4,
        "FoveaCommand": 5,
    ]

    /// Targets that one other target alone may depend on, and why.
    static let soleUsers: [String: (user: String, reason: String)] = [
        "COpenCL": ("OpenCLRuntime", "it alone touches raw handles"),
        "CZlib": ("Checkpoints", "it alone parses weight files"),
        "Kernels": ("OpenCLOperations", "it alone knows kernels"),
        "CHDF5": ("CheckpointsHDF5", "it alone opens libhdf5"),
        "CheckpointsHDF5": ("FoveaCommand", "a server never opens libhdf5"),
        "ModelHub": ("FoveaCommand", "who uses the library builds no HTTP client"),
        "CImageDecoding": ("Imaging", "it alone decodes pictures"),
    ]

    static func findings(in package: DeclaredPackage, floors: [String: Int] = floors) -> [Finding] {
        let targets = package.targets.filter { !$0.isTest }
        let unbuilt = floors.keys.filter { package[$0] == nil }.sorted()
        return targets.flatMap { findings(of: $0, in: package, floors) }
            + unbuilt.map { manifest("the floors name \($0), which is no target") }
    }

    private static func findings(
        of target: DeclaredPackage.Target, in package: DeclaredPackage, _ floors: [String: Int]
    ) -> [Finding] {
        guard let floor = floors[target.name] else {
            return [manifest("\(target.name) stands on no floor; give it one in FloorCheck.floors")]
        }
        return target.targets.flatMap { dependency -> [Finding] in
            var found: [Finding] = []
            if let below = floors[dependency], below >= floor {
                found.append(
                    manifest("\(target.name) (floor \(floor)) depends on \(dependency) (floor \(below)), not below it"))
            }
            if let sole = soleUsers[dependency], sole.user != target.name {
                found.append(manifest("\(target.name) depends on \(dependency); only \(sole.user) may: \(sole.reason)"))
            }
            return found
        }
    }

    /// A model knows no device: neither its dependencies, however distant, nor its code name OpenCL.
    static func modelFindings(in tree: SourceTree, _ package: DeclaredPackage) -> [Finding] {
        let devices = package.reachable(from: "VisionModels").filter { $0.contains("OpenCL") || $0 == "Kernels" }
        let reached = devices.sorted().map { manifest("VisionModels reaches \($0); a model cannot name OpenCL") }
        let named = tree.paths(in: "Sources/VisionModels", endingIn: ".swift").flatMap { path in
            CodeText(tree.files[path] ?? "", .swift).keeping(.code, .string).numberedLines.compactMap { line in
                line.text.lowercased().contains("opencl") || line.text.contains("cl_")
                    ? Finding(path: path, line: line.number, message: "names OpenCL; a model cannot") : nil
            }
        }
        return reached + named
    }

    /// Every target has its folder, and every folder below Sources is a target.
    static func folderFindings(in tree: SourceTree, _ package: DeclaredPackage) -> [Finding] {
        let missing = package.targets.filter { target in !tree.files.keys.contains { $0.hasPrefix(target.path + "/") } }
        let paths = Set(package.targets.map(\.path))
        let foreign = tree.sourceFolders.map { "Sources/" + $0 }.filter { !paths.contains($0) }.sorted()
        return missing.map { Finding(path: $0.path, message: "is declared as target \($0.name) and holds no file") }
            + foreign.map { Finding(path: $0, message: "is no target of Package.swift") }
    }

    private static func manifest(_ message: String) -> Finding {
        Finding(path: "Package.swift", message: message)
    }
}
