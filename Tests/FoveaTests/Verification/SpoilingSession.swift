import Fovea
import OpenCLOperations
import Operations
import VisionModels

/// A session that spoils what another computes: what must never pass for an answer.
final class SpoilingSession: InferenceSession {
    private let session: any InferenceSession
    private let spoil: (inout HostTensor, Int) -> Void
    /// How often it ran, and on what output.
    private(set) var outputs: [OutputKind] = []

    /// - Parameter spoil: Changes an answer; it is told the number of the run, from 1.
    init(_ session: any InferenceSession, _ spoil: @escaping (inout HostTensor, Int) -> Void) {
        (self.session, self.spoil) = (session, spoil)
    }

    var configuration: VisionTransformerConfiguration { session.configuration }
    var mapCounts: (blocks: Int?, pool: Int?) { session.mapCounts }
    var deviceName: String { session.deviceName }
    var selection: NarrowSelection? { session.selection }
    var deviceMemory: (used: Int, peak: Int)? { session.deviceMemory }
    var usualBatchSize: Int { session.usualBatchSize }
    var bufferCount: Int { session.bufferCount }
    func takeProfile() throws(FoveaError) -> [LaunchTime] { try session.takeProfile() }

    func run(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> HostTensor {
        var result = try session.run(input, output)
        outputs.append(output)
        spoil(&result, outputs.count)
        return result
    }
}

/// How answers go wrong that verification must catch.
enum Fault: CaseIterable {
    /// They depend on how many pictures there are.
    case batchSize
    /// They depend on where a picture stands.
    case place
    /// They depend on the pictures around.
    case neighbors
    /// They depend on how often was asked.
    case runs

    /// Changes one bit of one value, far below any tolerance, in the rows that are concerned.
    func spoil(_ result: inout HostTensor, run: Int) {
        let (rows, width) = (result.shape[0], result.shape.width)
        for row in 0..<rows {
            let isSpoilt =
                switch self {
                case .batchSize: rows == 3
                case .place: row == 1
                case .neighbors: row > 0 && !result.values[(row - 1) * width].bitPattern.isMultiple(of: 2)
                case .runs: run == 2
                }
            if isSpoilt { result.values[row * width] = result.values[row * width].nextUp }
        }
    }
}
