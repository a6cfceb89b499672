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

/// A pass as the host and the device saw it.
package struct TracedPass: Sendable {
    /// When it began, in seconds from the first.
    package let start: Double
    /// The host's steps, in order.
    package let steps: [HostStep]
    /// The device's launches, in order, with their begin in seconds from the start of the pass.
    package let launches: [(launch: LaunchTime, start: Double)]
}
