import Checkpoints
import Operations

extension InputSize {
    /// The longest side that pictures may be made to have, in pixels.
    package static let maximumSide = 8192

    /// Throws unless pictures fall into whole patches.
    ///
    /// - Parameter isAsked: Whether the size is the user's and not the file's.
    func check(patchSide: Int, file: String, isAsked: Bool = false) throws(CheckpointError) {
        let sides = 1...Self.maximumSide
        guard patchSide > 0, sides.contains(height), sides.contains(width), height % patchSide == 0,
            width % patchSide == 0
        else {
            throw CheckpointError(
                isAsked ? .option : .configurationPatch, file: file,
                isAsked
                    ? "reads no pictures of the size asked for, which does not fall into whole patches"
                    : "has an input size that does not fall into whole patches",
                found: "\(self) pixels, patches of \(patchSide)",
                expected: "multiples of \(patchSide) up to \(Self.maximumSide)")
        }
    }
}

extension VisionTransformerConfiguration {
    /// Throws unless the position table fits the grid of patches, or can be resampled to it.
    func checkPositions(_ shape: Shape?, prefix: Int? = nil, file: String) throws(CheckpointError) {
        // Reading it will say what else is wrong.
        guard let shape, shape.rank > 1, storedGrid(shape, prefix: prefix) == nil else { return }
        throw CheckpointError(
            .configurationShape, file: file, "has a position table for another picture size",
            found: "\(shape[shape.rank - 2]) positions",
            expected: "\(patchCount) or \(tokenCount) for \(inputDescription) pixels in patches of \(patchSide)",
            next: "run the model at the size that it was saved for")
    }

    /// Throws unless the file has as many blocks as the configuration says.
    func checkDepth(_ found: Int, file: String) throws(CheckpointError) {
        guard found == depth else {
            throw CheckpointError(
                .configurationTensorMismatch, file: file, "has another number of layers than the weights",
                found: "num_hidden_layers \(depth)", expected: "\(found), as the weights have",
                next: "use the configuration of this very model")
        }
    }
}

extension Weights {
    /// Number of layers; throws where there are more than any model has, each of which takes a look at all names.
    func depth(file: String) throws(CheckpointError) -> Int {
        let (depth, limit) = (layerCount, 256)
        guard depth <= limit else {
            throw CheckpointError(
                .modelShape, file: file, "has too many layers", found: "\(depth)", expected: "at most \(limit)",
                next: "check that the file is a Vision Transformer")
        }
        return depth
    }

    /// Throws unless every numbered layer has the tensors that the first has, by name.
    func checkUniformLayers(file: String) throws(CheckpointError) {
        let expected = Set(self[0].names)
        for index in 0..<layerCount {
            let found = Set(self[index].names)
            guard let name = expected.symmetricDifference(found).min() else { continue }
            throw CheckpointError(
                expected.contains(name) ? .modelMissing : .modelUnexpected, file: file,
                tensor: self[index].path + "." + name,
                expected.contains(name) ? "is missing, though the first layer has it" : "is in no other layer",
                next: "check that the file is whole")
        }
    }
}
