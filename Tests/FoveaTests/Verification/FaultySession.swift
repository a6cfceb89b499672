import Fovea
import OpenCLOperations
import Operations
import VisionModels

/// A session that spoils what another computes: what verification of models must catch.
final class FaultySession: InferenceSession {
    /// How answers go wrong.
    enum Fault: CaseIterable {
        /// They depend on how many pictures there are.
        case batchSize
        /// They depend on where a picture stands.
        case place
        /// They depend on the pictures around.
        case neighbors
        /// They depend on how often was asked.
        case runs
    }

    private let session: any InferenceSession
    private let fault: Fault
    private var runs = 0

    init(_ session: any InferenceSession, _ fault: Fault) { (self.session, self.fault) = (session, fault) }

    var configuration: VisionTransformerConfiguration { session.configuration }
    var mapCounts: (blocks: Int?, pool: Int?) { session.mapCounts }
    var deviceName: String { session.deviceName }
    var deviceMemory: (used: Int, peak: Int)? { session.deviceMemory }
    var bufferCount: Int { session.bufferCount }
    func takeProfile() throws(FoveaError) -> [LaunchTime] { try session.takeProfile() }

    func run(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> HostTensor {
        var result = try session.run(input, output)
        let (rows, width) = (result.shape[0], result.shape.width)
        runs += 1
        for row in 0..<rows {
            let isSpoilt =
                switch fault {
                case .batchSize: rows == 3
                case .place: row == 1
                case .neighbors: row > 0 && !result.values[(row - 1) * width].bitPattern.isMultiple(of: 2)
                case .runs: runs == 2
                }
            // One bit of one value: far below any tolerance.
            if isSpoilt { result.values[row * width] = result.values[row * width].nextUp }
        }
        return result
    }
}
