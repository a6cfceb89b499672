package import Operations

/// A pass that a session has begun.
///
/// `@unchecked Sendable`: its answer is taken once, by one thread, which may be another than the session's: what the
/// answer takes from the session is made for that.
package final class BegunPass: @unchecked Sendable {
    private let take: () throws(FoveaError) -> HostTensor

    /// - Parameter take: Waits for the answer.
    package init(_ take: @escaping () throws(FoveaError) -> HostTensor) { self.take = take }

    /// Waits for the answer; to be called once, and always.
    ///
    /// Throws what the session throws.
    package func answer() throws(FoveaError) -> HostTensor { try take() }
}
