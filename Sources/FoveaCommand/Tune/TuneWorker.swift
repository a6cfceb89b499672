import ArgumentParser
import Checkpoints
import Fovea
import OpenCLOperations

/// The process that `fovea tune` measures in: a driver that takes it down costs one candidate.
///
/// First it tells of the device and its tunings, then it answers every line of standard input, a comparison, with a
/// verdict. It ends with standard input, and so with the tuner.
struct TuneWorker: ParsableCommand {
    static let name = "tune-worker"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Measures for fovea tune.", shouldDisplay: false)

    @OptionGroup var deviceOptions: DeviceOptions

    func run() throws {
        let found = try deviceOptions.resolveOne("tune measures")
        guard case .openCL(let device) = found else {
            throw FoveaError(
                .noDevice, code: "NO_TUNING", "\(found.name) has nothing to tune; name an OpenCL device with --device")
        }
        let profile = DeviceProfile(device)
        let rows = CandidateEvaluator.rows(on: device).map { ($0.name, DeviceTunings.json($0.values(on: profile))) }
        write(["device": DeviceIdentity(device).json, "rows": .object(JSON.Object(rows))])
        let evaluator = CandidateEvaluator(device)
        let requests = try LineReader("-")
        while let line = try requests.nextLine() {
            let request = try JSON(parsing: line)
            guard let row = request["row"]?.string.flatMap(TuningRow.named),
                let candidate = DeviceTunings.integers(request["candidate"]),
                let best = DeviceTunings.integers(request["best"]),
                let effort = request["effort"]?.string.flatMap(CandidateEvaluator.Effort.init)
            else {
                throw FoveaError(.internalError, code: "TUNE_REQUEST", "a request to \(Self.name) is no comparison")
            }
            write(try evaluator.compare(row, candidate: candidate, with: best, effort).json)
        }
    }

    /// Written at once, since somebody waits for the line.
    private func write(_ answer: JSON) { Console.write(answer.text() + "\n") }
}

extension CandidateEvaluator.Verdict {
    /// Reads what `json` gave.
    init?(_ json: JSON) {
        if let reason = json["refused"]?.string {
            self = .refused(reason)
        } else if let ratio = json["ratio"]?.double, let noise = json["noise"]?.double {
            self = .measured(TimeRatio(value: ratio, noise: noise))
        } else {
            return nil
        }
    }

    /// Either `refused`, a text, or `ratio` and `noise`.
    var json: JSON {
        switch self {
        case .measured(let ratio): ["ratio": JSON(ratio.value), "noise": JSON(ratio.noise)]
        case .refused(let reason): ["refused": JSON(reason)]
        }
    }
}
