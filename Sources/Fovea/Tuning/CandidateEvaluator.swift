package import OpenCLOperations
package import OpenCLRuntime
import OperationCases
import Operations

/// Holds candidates for a tuning against the best so far: right answers first, then the time.
package final class CandidateEvaluator {
    /// What became of a candidate.
    package enum Verdict: Sendable {
        /// Its time over that of the best so far.
        case measured(TimeRatio)
        /// Why it cannot be used.
        case refused(String)
    }

    /// How much is asked of a candidate.
    package enum Effort: String, Sendable {
        /// Right on the shapes that are timed.
        case quick
        /// Right on every shape of the case lists too, and timed three times as long: for what is about to be kept.
        case thorough

        fileprivate var seconds: Double { self == .quick ? 0.6 : 1.8 }
        fileprivate var fewestRounds: Int { self == .quick ? 15 : 45 }
    }

    /// Wide and narrow: each counts the same.
    private static let models = [OperationCases.base, OperationCases.tiny]
    /// A candidate that takes so much longer after three rounds is not measured to the end.
    private static let hopeless = 1.3

    private let device: Device
    private var expectations: [String: HostTensor] = [:]

    /// Prepares to measure on a device.
    package init(_ device: Device) { self.device = device }

    /// The tunings worth measuring on a device: those that its operations run under.
    package static func rows(on device: Device) -> [TuningRow] {
        TuningRow.all.filter { !$0.operations(on: DeviceProfile(device)).isEmpty }
    }

    /// Measures a candidate and the best so far in turns.
    ///
    /// - Throws: Where the best so far fails: then it is the device that does.
    package func compare(
        _ row: TuningRow, candidate: [String: Int], with best: [String: Int], _ effort: Effort = .quick
    ) throws(FoveaError) -> Verdict {
        let profile = DeviceProfile(device, measured: [row.name: candidate])
        if let objection = profile.refusedTunings.first { return .refused(objection) }
        let operations = row.operations(on: DeviceProfile(device))
        guard row.operations(on: profile) == operations else {
            return .refused("the device has too little local memory for it")
        }
        let (own, other): (OpenCLBackend, OpenCLBackend)
        do { own = try backend(row, best) } catch { throw FoveaError(error) }
        do { other = try backend(row, candidate) } catch { return .refused("\(error)") }
        let timed = Self.models.map { $0.filter { operations.contains($0.operation) } }.filter { !$0.isEmpty }
        let others = effort == .thorough ? OperationCases.all.filter { operations.contains($0.operation) } : []
        for operationCase in timed.joined() + others {
            let agreement = Agreement(running: operationCase, on: other, expected: expectation(operationCase))
            guard agreement.holds else { return .refused("\(agreement.name): \(agreement.explanation)") }
        }
        var ratios: [TimeRatio] = []
        for cases in timed {
            switch try measure(cases, own, other, effort) {
            case .failure(let refusal): return .refused(refusal.reason)
            case .success(let rounds): ratios.append(TimeRatio(rounds: rounds))
            }
        }
        return .measured(TimeRatio(meanOf: ratios))
    }

    private struct Refusal: Error {
        let reason: String
    }

    /// Seconds that both take for the cases, round for round, in turns.
    private func measure(
        _ cases: [any OperationCase], _ own: OpenCLBackend, _ other: OpenCLBackend, _ effort: Effort
    ) throws(FoveaError) -> Result<[(best: Double, candidate: Double)], Refusal> {
        let ownCases: [TimedCase], otherCases: [TimedCase]
        do { ownCases = try own.timed(cases) } catch { throw FoveaError(error) }
        do { otherCases = try other.timed(cases) } catch { return .failure(Refusal(reason: "\(error)")) }
        var rounds: [(best: Double, candidate: Double)] = []
        let start = ContinuousClock.now
        // The first round warms up.
        for round in 0... {
            var (best, candidate) = (0.0, 0.0)
            for (ownCase, otherCase) in zip(ownCases, otherCases) {
                do { best += try ownCase.seconds() } catch { throw FoveaError(error) }
                do { candidate += try otherCase.seconds() } catch { return .failure(Refusal(reason: "\(error)")) }
            }
            if round > 0 { rounds.append((best, candidate)) }
            if round == 3, TimeRatio(rounds: rounds).value > Self.hopeless { break }
            if round >= effort.fewestRounds, start.duration(to: .now) >= .seconds(effort.seconds) { break }
        }
        return .success(rounds)
    }

    private func expectation(_ operationCase: any OperationCase) -> HostTensor {
        if let known = expectations[operationCase.description] { return known }
        let computed = operationCase.run(on: ReferenceBackend())
        expectations[operationCase.description] = computed
        return computed
    }

    private func backend(_ row: TuningRow, _ values: [String: Int]) throws(OpenCLError) -> OpenCLBackend {
        var options = OpenCLBackend.Options()
        options.measuredTunings = [row.name: values]
        options.fillsWithNaN = true
        return try OpenCLBackend(device, options: options)
    }
}

extension OpenCLBackend {
    fileprivate func timed(_ cases: [any OperationCase]) throws(OpenCLError) -> [TimedCase] {
        try cases.map { operationCase throws(OpenCLError) in try TimedCase(operationCase, self) }
    }
}

/// A case captured on a backend, timed as often as a pass of twelve blocks would run it.
private struct TimedCase {
    private let pass: CapturedPass<DeviceTensor>
    private let backend: OpenCLBackend
    private let calls: Double

    init(_ operationCase: any OperationCase, _ backend: OpenCLBackend) throws(OpenCLError) {
        self.backend = backend
        let prepared = try operationCase.prepare(on: backend)
        pass = try backend.capture { () throws(OpenCLError) in try prepared.run() }
        switch operationCase.operation {
        case .attention, .linear: calls = 12
        case .layerNorm: calls = 25
        // Few models have query and key norms or gates, and maps are for looking: they are timed, and weigh little.
        case .patchEmbedding, .queryKey, .gating, .pooling, .softmax, .attentionMap: calls = 1
        }
    }

    /// The time of one run, by the number of runs in a pass.
    func seconds() throws(OpenCLError) -> Double {
        let start = ContinuousClock.now
        try pass.enqueue(on: backend)
        try backend.finish()
        return calls * (start.duration(to: .now) / .seconds(1))
    }
}
