package import Checkpoints
import OpenCLRuntime
import OperationCases
package import Operations
package import VisionModels

/// A checkpoint that exists nowhere: timm's names and shapes for an architecture, values from a seed.
///
/// Each tensor is made when it is read, and the same whenever it is: normal with deviation 0.02, around 1 for norms and
/// layer scale. Nobody's model, but every size can be timed and verified without a file.
package struct RandomCheckpoint: Checkpoint {
    /// What messages call it.
    package let file: String
    /// All names, in timm's order.
    package let names: [String]
    /// Empty.
    package let metadata: [String: String] = [:]
    private let tensors: [String: RandomArchitecture.Tensor]
    private let seed: UInt64

    /// Deviation of all values: timm's initialization of linear layers.
    private static let deviation: Float = 0.02

    init(_ architecture: RandomArchitecture, classes: Int, seed: UInt64) {
        let tensors = architecture.tensors(classes: classes)
        file = "random \(architecture.name)"
        names = tensors.map(\.name)
        self.tensors = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.seed = seed
    }

    /// Float32 and the shape that timm gives the tensor; nil where the architecture has none of that name.
    package func layout(of name: String) -> TensorLayout? { tensors[name].map { TensorLayout(.float32, $0.shape) } }

    /// Makes a tensor; throws MODEL_MISSING for a name the architecture has not.
    package func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        guard let tensor = tensors[name] else {
            throw CheckpointError(
                .modelMissing, file: file, tensor: name, "is not a tensor of this architecture",
                next: "use one of its \(names.count) tensors")
        }
        // A sequence of its own for each tensor.
        var hash = FNV1a()
        hash.combine(name.utf8)
        var random = SeededGenerator(seed: seed ^ hash.value)
        return (
            random.tensor(tensor.shape, mean: tensor.mean, deviation: Self.deviation), NonFiniteCount()
        )
    }
}

extension ModelFiles {
    /// A model of random weights of a timm architecture, with 1000 classes and no file.
    ///
    /// - Parameters:
    ///   - inputSize: Size of its pictures, in place of the name's; the position table is made for it.
    ///   - depth: Number of blocks, in place of the architecture's own; at least 1.
    /// - Throws: `FoveaError` of category `usage` for a name of another form, listing the forms, and for a size that is no
    ///   whole number of patches.
    package static func random(
        _ architecture: String, inputSize: InputSize? = nil, depth: Int? = nil, seed: UInt64 = 1
    ) throws(FoveaError) -> ModelFiles {
        guard let sizes = RandomArchitecture(architecture, inputSize: inputSize, depth: depth) else {
            if let inputSize, let own = RandomArchitecture(architecture) {
                throw FoveaError(
                    .usage, code: "RANDOM_INPUT_SIZE",
                    "\(architecture) cannot see pictures of \(inputSize): both sides must be multiples of "
                        + "\(own.patchSide), the side of its patches")
            }
            throw FoveaError(
                .usage, code: "RANDOM_ARCHITECTURE",
                "random weights cannot be made for '\(architecture)'; name \(RandomArchitecture.forms), such as "
                    + "vit_base_patch16_224")
        }
        let checkpoint = RandomCheckpoint(sizes, classes: 1000, seed: seed)
        let configuration = Configuration(
            [
                "architecture": .string(architecture), "num_classes": 1000,
                "pretrained_cfg": ["input_size": [3, JSON(sizes.inputSize.height), JSON(sizes.inputSize.width)]],
            ], file: checkpoint.file)
        return ModelFiles(
            name: checkpoint.file, configuration: configuration, preprocessor: nil, isDemo: false
        ) { () throws(CheckpointError) in checkpoint }
    }
}
