import Dispatch
package import Operations
import Synchronization
import VisionModels

/// A model on devices that are alike, whose sessions take their work from one queue: a pass goes to whichever is free, in
/// the order of asking.
///
/// Any number of tasks may ask. An answer has the same bits whichever session gives it.
package final class SessionQueue: Sendable {
    /// A session on its way between the threads that use it.
    ///
    /// `@unchecked Sendable`: it is either among the idle ones or in the hands of one thread.
    private struct Worker: @unchecked Sendable {
        let session: any InferenceSession
    }

    private typealias Work = @Sendable (any InferenceSession) -> Void

    private struct State {
        var idle: [Worker]
        var waiting: [Work] = []
    }

    private let state: Mutex<State>
    /// Number of sessions, one a device.
    package let count: Int
    /// The name of the devices, for results.
    package let deviceName: String
    /// What products are computed in.
    package let precision: Precision
    /// How many pictures a batch should have where nobody says.
    package let usualBatchSize: Int

    /// Takes sessions of the same model, one at least, on devices that are alike.
    package init(_ sessions: sending [any InferenceSession]) {
        precondition(!sessions.isEmpty, "a queue needs a session that serves it")
        (count, deviceName, precision) = (sessions.count, sessions[0].deviceName, sessions[0].precision)
        usualBatchSize = sessions[0].usualBatchSize
        // The first is the first to be used.
        state = Mutex(State(idle: sessions.reversed().map(Worker.init)))
    }

    /// Runs the model once a session is free; throws what the session throws.
    package func run(_ input: ModelInput, _ output: OutputKind) async throws(FoveaError) -> HostTensor {
        try await withSession { session throws(FoveaError) in try session.run(input, output) }
    }

    /// Uses a session once one is free, on a thread that may wait for its device.
    package func withSession<Answer: Sendable>(
        _ body: @escaping @Sendable (any InferenceSession) throws(FoveaError) -> Answer
    ) async throws(FoveaError) -> Answer {
        let result: Result<Answer, FoveaError> = await withCheckedContinuation { continuation in
            submit { session in
                continuation.resume(returning: Result { () throws(FoveaError) in try body(session) })
            }
        }
        return try result.get()
    }

    private func submit(_ work: @escaping Work) {
        let free = state.withLock { state -> Worker? in
            if let worker = state.idle.popLast() { return worker }
            state.waiting.append(work)
            return nil
        }
        guard let free else { return }
        // The threads of tasks must not wait for devices: there may be fewer of them.
        DispatchQueue.global().async { self.serve(work, by: free) }
    }

    /// Does a piece of work, and then what waits.
    private func serve(_ first: @escaping Work, by worker: Worker) {
        var next: Work? = first
        while let work = next {
            work(worker.session)
            next = state.withLock { state -> Work? in
                if !state.waiting.isEmpty { return state.waiting.removeFirst() }
                state.idle.append(worker)
                return nil
            }
        }
    }
}
