package import OpenCLOperations

/// What the host did in a part of a pass.
package struct HostStep: Sendable {
    /// `upload`, `enqueue`, `wait` or `download`.
    package let name: String
    /// When it began, in seconds from the start of the pass.
    package let start: Double
    /// How long it took, in seconds.
    package let seconds: Double
}

/// Notes the steps of a pass one after the other, where that is asked for.
struct HostStepRecorder {
    private let isOn: Bool
    private let start = ContinuousClock.now
    private var began: ContinuousClock.Instant
    private(set) var steps: [HostStep] = []

    init(isOn: Bool) {
        self.isOn = isOn
        began = start
    }

    /// Ends the present step; the next begins.
    mutating func end(_ name: String) {
        guard isOn else { return }
        let now = ContinuousClock.now
        steps.append(
            HostStep(
                name: name, start: start.duration(to: began) / .seconds(1),
                seconds: began.duration(to: now) / .seconds(1)))
        began = now
    }
}

/// A pass as the host and the device saw it.
package struct TracedPass: Sendable {
    /// When it began, in seconds from the first.
    package let start: Double
    /// The host's steps, in order.
    package let steps: [HostStep]
    /// The device's launches, in order, with their begin in seconds from the start of the pass.
    package let launches: [(launch: LaunchTime, start: Double)]
}
