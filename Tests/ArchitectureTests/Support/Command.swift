import FoundationEssentials

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A program run to its end, its output kept.
///
/// `Process` is in whole Foundation, which no target here imports.
struct Command {
    /// Why a program has no result.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What a program left.
    struct Result {
        /// The exit status, or 128 and the signal's number.
        let status: Int32
        /// Standard output.
        let output: String
        /// Standard error.
        let errors: String
    }

    /// The program's file.
    let program: String
    /// What follows its name.
    let arguments: [String]
    /// Seconds after which it is killed: better a failed test than one that never ends.
    var timeLimit = 300.0

    /// Runs the program with an empty standard input, and with `folder` as the place of its temporary files.
    func run(in folder: TemporaryFolder = TemporaryFolder()) throws -> Result {
        let output = folder.url.appending(path: "output")
        let errors = folder.url.appending(path: "errors")
        let process = try spawn(in: folder, output: output.path, errors: errors.path)
        let status = try wait(for: process)
        let signal = status & 0x7f
        return Result(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }

    /// The program of that name: where the environment variable says, else along `PATH`; nil where there is none.
    static func find(_ name: String, variable: String) -> String? {
        let environment = ProcessInfo.processInfo.environment
        if let chosen = environment[variable], access(chosen, X_OK) == 0 { return chosen }
        return (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    private func wait(for process: pid_t) throws -> Int32 {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(timeLimit)
        var status: Int32 = 0
        while true {
            switch waitpid(process, &status, WNOHANG) {
            case process: return status
            case 0: usleep(5000)
            default: throw Failure(description: "waiting for \(program) failed: errno \(errno)")
            }
            guard clock.now < end else {
                kill(process, SIGKILL)
                waitpid(process, &status, 0)
                throw Failure(description: "\(program) did not end within \(timeLimit) s")
            }
        }
    }

    private func spawn(in folder: TemporaryFolder, output: String, errors: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

        let environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": folder.url.path]) { $1 }
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let argumentPointers = ([program] + arguments).map { strdup($0) } + [nil]
        let variablePointers = variables.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + variablePointers { free(pointer) } }

        var process: pid_t = 0
        let code = posix_spawn(&process, program, &actions, nil, argumentPointers, variablePointers)
        guard code == 0 else { throw Failure(description: "\(program) cannot be started: errno \(code)") }
        return process
    }
}
