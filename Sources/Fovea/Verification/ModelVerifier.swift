import OperationCases
package import Operations
import VisionModels

/// Holds a whole model on a device to the reference: every layer and the output, for one random picture.
package enum ModelVerifier {
    /// The promise of float32: e ≤ 2e-5 on logits, embeddings and tokens.
    package static let tolerance = 2e-5
    /// What the residual stream between blocks may differ by.
    ///
    /// It is no output, and a trained model spreads roundings in it before the last norm and the head gather them:
    /// noise through DeiT-tiny is at 3.9e-5 after block 7 and at 0.7e-5 in the logits. A wrong kernel is far beyond.
    package static let layerTolerance = 1e-4

    /// What an output may differ by in a precision; infinite below float32, whose promise is the error that is measured:
    /// there only NaN fails.
    package static func tolerance(in precision: Precision) -> Double { precision == .float32 ? tolerance : .infinity }

    /// Runs both sessions on the same input and compares all layers, then logits, or the embedding where the model has
    /// no head.
    ///
    /// - Parameters:
    ///   - session: The device under test.
    ///   - reference: The same model on the reference.
    ///   - precision: What the session computes in.
    ///   - seed: Another seed, another input: `[1, 3, height, width]`, normal, deviation 1.
    /// - Throws: `FoveaError` where a session fails.
    package static func compare(
        _ session: any InferenceSession, with reference: any InferenceSession, in precision: Precision = .float32,
        seed: UInt64 = 1
    ) throws(FoveaError) -> [Agreement] {
        let configuration = session.configuration
        var random = SeededGenerator(seed: seed)
        let input = ModelInput.tensor(
            random.tensor([1, 3, configuration.imageHeight, configuration.imageWidth]))
        let layers = Array(0...configuration.depth)
        let (actual, expected) = (try session.run(input, .layers(layers)), try reference.run(input, .layers(layers)))
        var agreements = zip(actual.slices, expected.slices).enumerated().map { index, layer in
            Agreement(
                "layer \(index)", layer.0, expected: layer.1,
                tolerance: precision == .float32 ? layerTolerance : .infinity)
        }
        agreements.append(
            Agreement(
                configuration.outputName, try session.run(input, configuration.output),
                expected: try reference.run(input, configuration.output), tolerance: tolerance(in: precision)))
        return agreements
    }
}

extension HostTensor {
    /// The tensors that lie along the first axis.
    fileprivate var slices: [HostTensor] {
        let inner = Shape(Array(shape.dimensions.dropFirst()))
        return (0..<shape[0]).map { HostTensor(inner, Array(values[$0 * inner.count..<($0 + 1) * inner.count])) }
    }
}
