import Checkpoints
package import Operations
package import VisionModels

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A folder with an input and what some library computed from it: `input.npy`, and any of `logits.npy`,
/// `embedding.npy`, `pooler.npy` and `tokens.npy`; the model usually lies beside them.
package struct GoldenFolder: Sendable {
    /// Where it is.
    package let path: String
    /// The normalized pictures, `[B, 3, height, width]`.
    package let input: HostTensor

    /// Files that may be there, and what a session must compute to give them.
    private static let outputs: [(name: String, kind: OutputKind)] = [
        ("logits", .logits), ("embedding", .embedding), ("pooler", .embedding), ("tokens", .tokens),
    ]

    /// Reads the input.
    ///
    /// - Throws: `FoveaError` of category `input` where there is none, or it is not `[B, 3, height, width]`.
    package init(_ path: String) throws(FoveaError) {
        self.path = path
        do {
            input = try NumPyArray(contentsOf: path + "/input.npy").tensor()
        } catch {
            throw FoveaError(error, category: .input)
        }
        guard input.shape.rank == 4, input.shape[1] == 3, input.shape.count > 0 else {
            throw FoveaError(
                .input, code: "INPUT_SHAPE",
                "\(path)/input.npy has shape \(input.shape), expected [B, 3, height, width]")
        }
    }

    /// The size of the pictures.
    package var inputSize: InputSize { InputSize(height: input.shape[2], width: input.shape[3]) }

    /// Runs the input and compares with every stored output.
    ///
    /// - Throws: `FoveaError`: `input` where no output is stored or one cannot be read, and what the session throws.
    package func compare(
        _ session: any InferenceSession, tolerance: Double = ModelVerifier.tolerance
    ) throws(FoveaError) -> [Agreement] {
        var agreements: [Agreement] = []
        for (name, kind) in Self.outputs {
            let file = "\(path)/\(name).npy"
            guard access(file, F_OK) == 0 else { continue }
            let expected: HostTensor
            do {
                expected = try NumPyArray(contentsOf: file).tensor()
            } catch {
                throw FoveaError(error, category: .input)
            }
            agreements.append(
                Agreement(name, try session.run(.tensor(input), kind), expected: expected, tolerance: tolerance))
        }
        guard agreements.isEmpty else { return agreements }
        throw FoveaError(
            .input, code: "GOLDEN_OUTPUT",
            "\(path) holds none of \(Self.outputs.map { $0.name + ".npy" }.joined(separator: ", ")), so there is nothing "
                + "to compare with")
    }
}
