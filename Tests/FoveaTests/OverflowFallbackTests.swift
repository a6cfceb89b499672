import OpenCLOperations
import OperationCases
import Operations
import Synchronization
import Testing
import VisionModels

@testable import Fovea

@Suite("A float16 session whose numbers pass the range")
struct OverflowFallbackTests {
    /// Doubles every number of another session, and gives NaN somewhere in one picture of the last layer.
    private static func overflowing(
        _ session: any InferenceSession, picture: Int, of count: Int, _ output: OutputKind
    ) -> SpoilingSession {
        SpoilingSession(session) { result, _ in
            for index in result.values.indices { result.values[index] *= 2 }
            let layers = output.stackedLayerCount ?? 1
            let length = result.shape.count / (layers * count)
            result.values[((layers - 1) * count + picture) * length + length / 2] = .nan
        }
    }

    @Test(
        "computes that picture alone in float32, and leaves its neighbours' bits",
        arguments: [OutputKind.logits, .layers([1, 2])])
    func fallback(output: OutputKind) throws {
        let device = ComputeDevice.reference
        let exact = try ModelFiles(ModelFiles.demoName).open().session(on: device)
        let sentences = Mutex<[String]>([])
        let guarded = OverflowFallbackSession(
            Self.overflowing(exact, picture: 1, of: 3, output),
            report: { sentence in sentences.withLock { $0.append(sentence) } },
            orElse: { exact })
        let configuration = exact.configuration
        var random = SeededGenerator(seed: 3)
        let values = (0..<3 * 3 * configuration.imageHeight * configuration.imageWidth).map { _ in
            Float.random(in: -1...1, using: &random)
        }
        let input = ModelInput.tensor(
            HostTensor([3, 3, configuration.imageHeight, configuration.imageWidth], values))
        let (found, expected) = (try guarded.run(input, output), try exact.run(input, output))
        let layers = output.stackedLayerCount ?? 1
        let length = expected.shape.count / (3 * layers)
        for (index, value) in found.values.enumerated() {
            let picture = index / length % 3
            // What the session left alone it has doubled: picture 1 alone comes from the exact one.
            #expect(value == (picture == 1 ? expected.values[index] : 2 * expected.values[index]))
        }
        #expect(sentences.withLock { $0.count } == 1)
    }

    @Test("what it cannot mend stays as it is: the float32 model gives no number either")
    func hopeless() throws {
        let exact = try ModelFiles(ModelFiles.demoName).open().session(on: .reference)
        let guarded = OverflowFallbackSession(
            Self.overflowing(exact, picture: 0, of: 1, .logits), report: nil,
            orElse: { Self.overflowing(exact, picture: 0, of: 1, .logits) })
        let configuration = exact.configuration
        let input = ModelInput.tensor(
            HostTensor([1, 3, configuration.imageHeight, configuration.imageWidth], repeating: 0.5))
        #expect(try guarded.run(input, .logits).values.contains { $0.isNaN })
    }
}
