import Dispatch
package import Operations
import Synchronization
import VisionModels

/// A model on devices that are alike, whose sessions take their work from one queue: a pass goes to whichever is free, in
/// the order of asking.
///
/// Any number of tasks may ask. An answer has the same bits whichever session gives it. A session that can have several
/// passes under way is given them: the bytes of the next go to the device while it computes.
package final class SessionQueue: Sendable {
    /// A session that several threads use, each for a pass.
    ///
    /// `@unchecked Sendable`: the session is used under the lock alone, and what `begin` gives may be used outside of it.
    private final class Worker: @unchecked Sendable {
        private let session: any InferenceSession
        private let lock = Mutex(())

        init(_ session: any InferenceSession) { self.session = session }

        func withSession<Answer>(
            _ body: (any InferenceSession) throws(FoveaError) -> Answer
        ) throws(FoveaError) -> Answer {
            try lock.withLock { _ throws(FoveaError) in try body(session) }
        }
    }

    private typealias Work = @Sendable (Worker) -> Void

    private struct State {
        /// Passes that each worker can take beside those it has.
        var free: [Int]
        var waiting: [Work] = []

        /// A worker with the most to spare; the first of several, so that the first device is the first to be used.
        mutating func takeFree() -> Int? {
            guard let most = free.max(), most > 0, let index = free.firstIndex(of: most) else { return nil }
            free[index] -= 1
            return index
        }
    }

    private let workers: [Worker]
    private let state: Mutex<State>
    /// Number of sessions, one a device.
    package let count: Int
    /// Passes that may be under way at once on all of them.
    package let passCount: Int
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
        let free = sessions.map(\.passCount)
        passCount = free.reduce(0, +)
        state = Mutex(State(free: free))
        workers = sessions.map(Worker.init)
    }

    /// Runs the model once a session is free; throws what the session throws.
    package func run(_ input: ModelInput, _ output: OutputKind) async throws(FoveaError) -> HostTensor {
        try await answer { worker throws(FoveaError) in
            try worker.withSession { session throws(FoveaError) in try session.begin(input, output) }.answer()
        }
    }

    /// Uses a session once one is free, on a thread that may wait for its device.
    package func withSession<Answer: Sendable>(
        _ body: @escaping @Sendable (any InferenceSession) throws(FoveaError) -> Answer
    ) async throws(FoveaError) -> Answer {
        try await answer { worker throws(FoveaError) in try worker.withSession(body) }
    }

    private func answer<Answer: Sendable>(
        _ body: @escaping @Sendable (Worker) throws(FoveaError) -> Answer
    ) async throws(FoveaError) -> Answer {
        let result: Result<Answer, FoveaError> = await withCheckedContinuation { continuation in
            submit { worker in
                continuation.resume(returning: Result { () throws(FoveaError) in try body(worker) })
            }
        }
        return try result.get()
    }

    private func submit(_ work: @escaping Work) {
        let free = state.withLock { state -> Int? in
            if let index = state.takeFree() { return index }
            state.waiting.append(work)
            return nil
        }
        guard let free else { return }
        // The threads of tasks must not wait for devices: there may be fewer of them.
        DispatchQueue.global().async { self.serve(work, by: free) }
    }

    /// Does a piece of work, and then what waits.
    private func serve(_ first: @escaping Work, by index: Int) {
        var next: Work? = first
        while let work = next {
            work(workers[index])
            next = state.withLock { state -> Work? in
                if !state.waiting.isEmpty { return state.waiting.removeFirst() }
                state.free[index] += 1
                return nil
            }
        }
    }
}
