import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What SIGINT and SIGTERM do: the first waits until the rows of the batches under way are written, any other ends the
/// command at once, and no file stays that cannot be gone on with.
///
/// A shell sees the status 130 or 143. Handlers hand the signals to a thread that waits for them, for it may do whatever a
/// handler may not. The first process of a container would never get them without handlers, and is not ended by raising
/// them either.
struct Interruption: Error {
    /// The signal that has come.
    let number: CInt

    private struct State {
        /// Whether batches are being computed and written.
        var isInBatch = false
        /// The signal that waits for the end of the batch.
        var pending: CInt?
        /// What is said before the end.
        var notice: String?
    }

    private static let state = Mutex(State())

    /// From here on the first signal waits for `endBatch`.
    static func beginBatch() { state.withLock { $0.isInBatch = true } }

    /// The rows of the oldest batch, if there was one, are written: throws where a signal has waited for that.
    ///
    /// - Parameter othersAreUnderWay: Whether another one is being computed, whose rows are waited for as well.
    static func endBatch(othersAreUnderWay: Bool) throws(Interruption) {
        let pending = state.withLock { state in
            state.isInBatch = othersAreUnderWay
            return state.pending
        }
        if let pending { throw Interruption(number: pending) }
    }

    /// What a signal says before it ends the command, from here on: how to go on, say.
    static func setNotice(_ sentence: String?) { state.withLock { $0.notice = sentence } }

    /// Ends the command as the signal does by default, without what nobody can go on with.
    func end() -> Never {
        if let notice = Self.state.withLock({ $0.notice }) {
            if Console.errorIsTerminal { Console.redraw("") }
            Console.say("fovea: \(notice)")
        }
        Leftovers.remove {
            // By the default action, so that the parent sees which signal it was.
            signal(number, SIG_DFL)
            var signals = Self.set(of: [number])
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            raise(number)
            _exit(128 + number)
        }
    }
}

// MARK: - The thread that waits

extension Interruption {
    /// Watches for both signals, unless whoever started the command had them ignored, as nohup does.
    static func install() {
        guard !watched.isEmpty else { return }
        var signals = set(of: watched)
        // The thread inherits what is blocked, and nobody else shall.
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        #if canImport(Glibc)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        let failure = pthread_create(&thread, nil, { _ in Interruption.watch() }, nil)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // Without the thread the signals do what they do by default.
        guard failure == 0 else { return }
        watcher = thread
        for number in watched {
            signal(number) { number in
                if let watcher = Interruption.watcher { pthread_kill(watcher, number) }
            }
        }
    }

    /// The thread that waits; set before any handler can ask for it.
    private nonisolated(unsafe) static var watcher: pthread_t?

    private static func watch() -> Never {
        var signals = set(of: watched)
        while true {
            var number: CInt = 0
            guard sigwait(&signals, &number) == 0 else { continue }
            let waits = state.withLock { state in
                guard state.isInBatch, state.pending == nil else { return false }
                state.pending = number
                return true
            }
            guard waits else { Interruption(number: number).end() }
            guard Console.errorIsTerminal else { continue }
            Console.redraw("")
            Console.say("fovea: ends once the batch under way is written; a second signal ends it at once")
        }
    }

    /// The signals that are not ignored.
    private static let watched = [SIGINT, SIGTERM].filter { !isIgnored($0) }

    private static func set(of numbers: [CInt]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }

    private static func isIgnored(_ number: CInt) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        #if canImport(Glibc)
            let handler = action.__sigaction_handler.sa_handler
        #else
            let handler = action.__sigaction_u.__sa_handler
        #endif
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
