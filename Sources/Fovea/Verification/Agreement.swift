package import OperationCases
package import Operations

/// One result that was held against what it should be.
package struct Agreement: Sendable {
    /// What was compared: a case, a layer, an output.
    package let name: String
    /// How far the result lies from what it should be; nil where there was no result to compare.
    package let deviation: Deviation?
    /// The largest e = max|Δ| / rms(expected) allowed.
    package let tolerance: Double
    /// What is wrong beside the numbers: the device failed, the shape differs, a second run gave other bits.
    package let problem: String?

    /// Compares a result with what was expected; a shape that differs is a problem, not a trap.
    package init(_ name: String, _ actual: HostTensor, expected: HostTensor, tolerance: Double) {
        guard actual.shape == expected.shape else {
            self.init(
                name, tolerance: tolerance, problem: "the result has shape \(actual.shape), expected \(expected.shape)")
            return
        }
        self.init(name, Deviation(actual, from: expected), tolerance: tolerance, problem: nil)
    }

    /// Says that there was no result to compare.
    package init(_ name: String, tolerance: Double, problem: String) {
        self.init(name, nil, tolerance: tolerance, problem: problem)
    }

    private init(_ name: String, _ deviation: Deviation?, tolerance: Double, problem: String?) {
        self.name = name
        self.deviation = deviation
        self.tolerance = tolerance
        self.problem = problem
    }

    /// Whether the result is what it should be.
    package var holds: Bool { problem == nil && severity <= 1 }

    /// e as a share of what is allowed; above 1 is too much, infinite where something else is wrong.
    package var severity: Double {
        guard problem == nil, let deviation else { return .infinity }
        // NaN compares with nothing, and must never pass.
        let share = deviation.normalized / tolerance
        return share.isNaN ? .infinity : share
    }

    /// One sentence for people: e with its place and both values, and what else is wrong.
    package var explanation: String {
        let numbers = deviation.map { "\($0), allowed \(tolerance)" }
        return [numbers, problem].compactMap { $0 }.joined(separator: "; ")
    }
}

extension Agreement {
    /// Runs a case twice on a backend: the first result must agree with the definition, the second be the same bits.
    package init<B: Backend>(
        running operationCase: any OperationCase, on backend: B, in precision: Precision = .float32,
        expected: HostTensor
    ) {
        let (name, tolerance) = ("\(operationCase)", operationCase.tolerance(in: precision))
        do {
            let prepared = try operationCase.prepare(on: backend)
            let first = try backend.download(prepared.run())
            let second = try backend.download(prepared.run())
            let agreement = Agreement(name, first, expected: expected, tolerance: tolerance)
            self.init(
                name, agreement.deviation, tolerance: tolerance,
                problem: agreement.problem ?? first.differenceInBits(from: second).map { "a second run differs \($0)" })
        } catch {
            self.init(name, tolerance: tolerance, problem: "\(error)")
        }
    }
}

extension HostTensor {
    /// Where two tensors first differ in a bit, for messages; nil where all bits are the same.
    func differenceInBits(from other: HostTensor) -> String? {
        guard shape == other.shape else { return "in shape: \(other.shape) instead of \(shape)" }
        let index = zip(values, other.values).enumerated().first { $1.0.bitPattern != $1.1.bitPattern }?.offset
        return index.map { "at index \($0) of \(shape): \(other.values[$0]) instead of \(values[$0])" }
    }
}
