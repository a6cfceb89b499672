import ArgumentParser
import Checkpoints
import Fovea
import OpenCLOperations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The tuner's side of its worker: asks, and starts another one where the last has died.
///
/// OpenCL never starts in this process: a driver that dies would take it along.
final class TuneWorkerClient {
    /// What a worker tells before its first answer.
    struct Greeting {
        let device: DeviceIdentity
        /// The tunings of the device, with the numbers that ship.
        let rows: [(row: TuningRow, shipped: [String: Int])]

        init?(_ json: JSON) {
            guard let device = json["device"].flatMap({ DeviceIdentity($0) }) else { return nil }
            self.device = device
            rows = TuningRow.all.compactMap { row in
                DeviceTunings.integers(json["rows"]?[row.name]).map { (row, $0) }
            }
        }
    }

    /// A driver that takes down its process so many times before a candidate is tried has nothing to tune.
    private static let mostFailedStarts = 3
    private static let startLimit = Duration.seconds(120)

    private let arguments: [String]
    private let limit: Duration
    private var worker: ChildProcess?

    /// - Parameters:
    ///   - arguments: Those of `TuneWorker`.
    ///   - limit: How long a quick comparison may take; a thorough one takes at most five times as long.
    init(_ arguments: [String], limit: Duration) {
        (self.arguments, self.limit) = (arguments, limit)
        // That a worker dies is expected, and its stack of no interest.
        setenv("SWIFT_BACKTRACE", "enable=no", 0)
    }

    /// Starts a worker, and gives what it says of the device.
    ///
    /// - Throws: `ExitCode` where the worker has told why it cannot begin; `FoveaError` where it dies of it.
    @discardableResult
    func start() throws -> Greeting {
        var problem = ""
        for _ in 0..<Self.mostFailedStarts {
            let child = try ChildProcess([TuneWorker.name] + arguments)
            switch try child.receive(within: Self.startLimit) {
            case .ended(.exited(let status)) where status != 0: throw ExitCode(status)
            case .ended(let ending): problem = "\(ending)"
            case .silent: problem = "did not begin within \(Self.startLimit)"
            case .object(let json):
                guard let greeting = Greeting(json) else { preconditionFailure("a worker greets with \(json)") }
                worker = child
                return greeting
            }
        }
        throw FoveaError(
            .deviceFailed, code: "TUNE_WORKER",
            "the process that measures \(problem), \(Self.mostFailedStarts) times in a row; check the device with fovea "
                + "verify")
    }

    /// What came of asking for a comparison.
    enum Outcome {
        case verdict(CandidateEvaluator.Verdict)
        /// How the candidate took its worker down.
        case lost(String)
    }

    /// Has a candidate compared with the best numbers so far.
    func compare(
        _ row: TuningRow, candidate: [String: Int], with best: [String: Int], _ effort: CandidateEvaluator.Effort
    ) throws -> Outcome {
        if worker == nil { try start() }
        guard let worker else { preconditionFailure("a worker was started and is not there") }
        worker.send([
            "row": JSON(row.name), "candidate": DeviceTunings.json(candidate), "best": DeviceTunings.json(best),
            "effort": JSON(effort.rawValue),
        ])
        let limit = effort == .quick ? limit : limit * 5
        switch try worker.receive(within: limit) {
        case .object(let json):
            guard let verdict = CandidateEvaluator.Verdict(json) else {
                preconditionFailure("a worker answers \(json)")
            }
            return .verdict(verdict)
        case .ended(let ending):
            self.worker = nil
            return .lost("the process that measured it \(ending)")
        case .silent:
            self.worker = nil
            return .lost("the process that measured it did not answer within \(limit)")
        }
    }
}
