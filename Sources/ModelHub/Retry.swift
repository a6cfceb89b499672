import Checkpoints

/// Why one attempt came to nothing.
enum HubFailure: Error {
    /// Trying again would not help.
    case final(CheckpointError)
    /// Trying again may help; `after` is the time that the server asks for.
    case transient(CheckpointError, after: Duration? = nil)

    var error: CheckpointError {
        switch self {
        case .final(let error), .transient(let error, _): error
        }
    }
}

/// How often and how patiently something is tried again.
package struct RetryPolicy: Sendable {
    /// Failures in a row, none of which brought anything, that end the matter.
    package var limit: Int
    /// The pause behind the first failure; it doubles with every further one.
    package var firstDelay: Duration
    /// The longest that a server may ask to be waited for.
    package var longestDelay = Duration.seconds(120)

    /// Gives up behind `limit` failures in a row.
    package init(limit: Int, firstDelay: Duration) { (self.limit, self.firstDelay) = (limit, firstDelay) }

    /// Five times, with half a second, one, two and four between them.
    package static let standard = RetryPolicy(limit: 5, firstDelay: .milliseconds(500))

    /// All failures that are borne, whatever they brought: a server that sends a byte at a time must not hold us for ever.
    static let totalLimit = 100
}

/// Counts the failures of one piece of work.
struct Retries {
    private let policy: RetryPolicy
    private let report: (PullEvent) -> Void
    private var inARow = 0
    private var total = 0

    init(_ policy: RetryPolicy, report: @escaping (PullEvent) -> Void) {
        (self.policy, self.report) = (policy, report)
    }

    /// Waits until it may be tried again; throws the failure where it should not be.
    mutating func wait(after failure: HubFailure, madeProgress: Bool = false) async throws(CheckpointError) {
        guard case .transient(let error, let asked) = failure else { throw failure.error }
        inARow = madeProgress ? 1 : inARow + 1
        total += 1
        guard inARow < policy.limit, total < RetryPolicy.totalLimit else { throw error }
        let delay = asked ?? policy.firstDelay * (1 << (inARow - 1))
        guard delay <= policy.longestDelay else { throw error }
        report(.retry("\(error.file): \(error.problem)", after: delay))
        do {
            try await Task.sleep(for: delay)
        } catch {
            throw failure.error
        }
    }
}
