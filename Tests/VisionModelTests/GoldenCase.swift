import Checkpoints
import FoundationEssentials
import Operations
import Testing
import VisionModels

/// A small random model that timm or transformers saved, an input, and what that library computed in float64.
struct GoldenCase: CustomTestStringConvertible {
    let name: String
    /// The folder of all cases.
    let folder: String

    var testDescription: String { name }

    /// The cases that the repository carries.
    static let all = [
        "timm-vit", "timm-vit-gap-reg4", "timm-vit-nonsquare", "timm-deit-distilled", "timm-deit3",
        "timm-clip-quickgelu",
        "timm-dinov2-reg4", "timm-dinov2-swiglu", "timm-siglip-map", "timm-aimv2", "timm-beit", "timm-18x2",
        "timm-parallel", "timm-differential", "timm-differential-parallel", "timm-res-post-norm", "timm-rope-mixed",
        "timm-eva02-clip", "timm-eva02-post-norm", "timm-pe-core", "timm-sapiens2", "hf-vit", "hf-vit-new-names",
        "hf-deit-teacher", "hf-dinov2", "hf-dinov3", "hf-clip-vision", "hf-siglip-vision", "hf-radio",
        "timm-beit-any-size", "timm-radio-any-size", "fair-dinov3",
    ].map { GoldenCase(name: $0, folder: PackageRoot.path + "/Tests/Fixtures/Goldens") }

    var model: ModelDescription {
        get throws {
            let location = try ModelLocation(folder + "/" + name)
            var overrides = ModelOverrides()
            // A model without a table of positions takes pictures of any size, and this one was given another.
            if let shape = try array("input")?.shape {
                overrides.inputSize = InputSize(height: shape[2], width: shape[3])
            }
            return ModelDescription(
                configuration: try location.configuration("config.json"), checkpoint: try location.openWeights(),
                overrides: overrides)
        }
    }

    /// One of the case's arrays; nil where the library has no such output.
    func array(_ kind: String) throws -> HostTensor? {
        let path = "\(folder)/\(name)/\(kind).npy"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try NumPyArray(contentsOf: path).tensor()
    }
}

/// Where the package lies.
enum PackageRoot {
    static let path = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })
}

/// max|Δ| / rms(expected).
func deviation(_ actual: HostTensor, from expected: HostTensor) -> Double {
    let squares = expected.values.reduce(0.0) { $0 + Double($1) * Double($1) }
    let worst = zip(actual.values, expected.values).reduce(0.0) {
        max($0, ($1.0 - $1.1).isFinite ? abs(Double($1.0) - Double($1.1)) : .infinity)
    }
    return worst / (squares / Double(expected.values.count)).squareRoot()
}
