import Checkpoints
import Glibc
import Testing

/// A device that the command is tried on.
struct TestedDevice: CustomTestStringConvertible {
    /// What `--device` says.
    let option: String

    var testDescription: String { option }

    /// The reference backend.
    static let reference = TestedDevice(option: "cpu")

    /// The OpenCL device that `auto` finds, asked of the command once; nil where it finds none.
    static let openCL: TestedDevice? = {
        let arguments = ["classify", ExamplePictures.path("star"), "--format", "json", "--quiet"]
        guard let outcome = try? FoveaProcess.run(arguments), outcome.status == .exited(0),
            let device = (try? JSON(parsing: outcome.output))?["device"]?.string, device != "cpu (reference)"
        else { return nil }
        return TestedDevice(option: "auto")
    }()

    /// Every device there is here.
    static let all = [reference] + (openCL.map { [$0] } ?? [])
}

extension Trait where Self == ConditionTrait {
    /// Skips where there is no OpenCL device, and says so.
    static var requiresOpenCL: Self {
        .enabled(if: TestedDevice.openCL != nil, "no OpenCL device here: install PoCL (Scripts/install-packages)")
    }

    /// Skips where the first OpenCL device is not PoCL's, and says so.
    static var requiresPoCL: Self {
        let version = try? FoveaProcess.results(["--version"])
        let first = version?.split(separator: "\n").first { $0.hasPrefix("OpenCL platform:") }
        return .enabled(
            if: first?.contains("Portable Computing Language") == true,
            "the first OpenCL device is not PoCL's: install it (Scripts/install-packages)")
    }

    /// Skips where the materials beside the package are missing, and says so.
    static var requiresShared: Self {
        .enabled(
            if: access(PackageRoot.shared + "/photos/labels.tsv", R_OK) == 0,
            "the folder shared beside the package is not here")
    }
}
