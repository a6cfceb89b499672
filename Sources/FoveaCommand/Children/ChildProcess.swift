import Checkpoints
import Fovea

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// This program run again, with JSON objects to and from it, one a line; killed when its last reference goes.
final class ChildProcess {
    /// What came of waiting for an object.
    enum Answer {
        case object(JSON)
        case ended(Ending)
        case silent
    }

    /// How a process ended.
    enum Ending: CustomStringConvertible {
        case exited(Int32)
        case signaled(Int32)

        var description: String {
            switch self {
            case .exited(let status): "ended with status \(status)"
            case .signaled(let signal): "was ended by signal \(signal)"
            }
        }
    }

    private let process: pid_t
    private let input: CInt
    private let output: CInt
    private var received: [UInt8] = []
    private var isRunning = true

    /// Starts this program with some arguments.
    ///
    /// - Parameter isSilent: Whether its messages go nowhere, and not where ours go.
    init(_ arguments: [String], isSilent: Bool = false) throws(FoveaError) {
        var (toChild, fromChild): ([CInt], [CInt]) = ([-1, -1], [-1, -1])
        guard pipe(&toChild) == 0 else { throw Self.cannotStart(errno) }
        guard pipe(&fromChild) == 0 else {
            let error = errno
            for end in toChild { close(end) }
            throw Self.cannotStart(error)
        }
        for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, toChild[0], STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], STDOUT_FILENO)
        if isSilent { posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) }
        // Threads of libdispatch block signals, and a child would have them blocked too.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words = ([CommandLine.arguments.first ?? "fovea"] + arguments).map { strdup($0) } + [nil]
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
            for word in words { free(word) }
            close(toChild[0])
            close(fromChild[1])
        }
        var process: pid_t = 0
        // The name in /proc still leads to this program where its file was replaced or moved.
        let failure = posix_spawn(&process, "/proc/self/exe", &actions, &attributes, &words, environ)
        guard failure == 0 else {
            close(toChild[1])
            close(fromChild[0])
            throw Self.cannotStart(failure)
        }
        (self.process, input, output) = (process, toChild[1], fromChild[0])
    }

    deinit {
        close(input)
        close(output)
        if isRunning { _ = try? end() }
    }

    /// Writes an object.
    ///
    /// Where it cannot be written the process has ended, which `receive` tells.
    func send(_ object: JSON) {
        var rest = Array((object.text() + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
        }
    }

    /// Waits for an object at most so long; a process that ends or is silent is gone afterwards.
    ///
    /// Lines that are none are passed over: a driver may print too. Throws where a process cannot be killed.
    func receive(within limit: Duration) throws(FoveaError) -> Answer {
        let deadline = ContinuousClock.now + limit
        while true {
            while let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = received[..<end]
                received.removeFirst(end + 1)
                if let object = try? JSON(parsing: Array(line)), object.object != nil { return .object(object) }
            }
            let left = (deadline - ContinuousClock.now) / .milliseconds(1)
            var ready = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            let count = poll(&ready, 1, CInt(max(0, min(left, 1e9))))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                try end()
                return .silent
            }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let length = read(output, &chunk, chunk.count)
            if length > 0 {
                received += chunk[..<length]
            } else if length == 0 || errno != EINTR {
                return .ended(try end(killing: false))
            }
        }
    }

    /// How long a process may take to end.
    private static let endLimit = Duration.seconds(10)

    /// Makes sure that the process is gone; tells how it went.
    ///
    /// Throws where it cannot be killed: the system waits for a call into a driver to return, which may be never.
    @discardableResult
    private func end(killing: Bool = true) throws(FoveaError) -> Ending {
        isRunning = false
        // One that has closed its output is about to end.
        if !killing, let ending = ending() { return ending }
        kill(process, SIGKILL)
        if let ending = ending() { return ending }
        throw FoveaError(
            .deviceFailed, code: "CHILD_STUCK",
            "process \(process), a child of this command, was killed and has not ended within \(Self.endLimit): it waits for the "
                + "device's driver; reset the device or restart the machine")
    }

    /// Waits for the end; nil where it does not come in time.
    private func ending() -> Ending? {
        let deadline = ContinuousClock.now + Self.endLimit
        while true {
            var status: CInt = 0
            let ended = waitpid(process, &status, WNOHANG)
            if ended > 0 || (ended < 0 && errno != EINTR) {
                return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signaled(status & 0x7F)
            }
            guard ContinuousClock.now < deadline else { return nil }
            usleep(1000)
        }
    }

    private static func cannotStart(_ error: CInt) -> FoveaError {
        FoveaError(
            .internalError, code: "CHILD", "this program cannot be started again (\(String(cString: strerror(error))))")
    }
}
