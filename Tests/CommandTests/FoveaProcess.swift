import Glibc
import Testing

/// The built command, run as a user would run it: in a process of its own, since OpenCL must not start in this one.
struct FoveaProcess {
    /// What came out.
    struct Outcome {
        let status: Status
        let output: String
        let errors: String

        /// The lines of standard error.
        var errorLines: [Substring] { errors.split(separator: "\n") }
    }

    /// How a process ended.
    enum Status: Equatable {
        case exited(Int32)
        case signaled(Int32)
    }

    /// The binary, which SwiftPM puts beside the test bundle.
    static let path: String = {
        guard let own = realpath("/proc/self/exe", nil) else { return "fovea" }
        defer { free(own) }
        return String(cString: own).split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/fovea"
    }()

    /// Runs the command to its end.
    ///
    /// - Parameters:
    ///   - standardInput: A file; nothing where nil.
    ///   - standardOutput: A file that takes the results in place of the answer's `output`.
    ///   - environment: Variables beside those of this process.
    ///   - preparation: What a shell does before it turns into the command, such as `ulimit -n 16`.
    static func run(
        _ arguments: [String], standardInput: String? = nil, standardOutput: String? = nil,
        environment: [String: String] = [:], after preparation: String? = nil
    ) throws -> Outcome {
        let folder = try TemporaryFolder()
        let (output, errors) = (standardOutput ?? folder("output"), folder("errors"))
        let shell = preparation.map { ["/bin/sh", "-c", $0 + #"; exec "$0" "$@""#] } ?? []
        let child = try start(
            command: shell + [path] + arguments, environment: environment,
            standardInput: .file(standardInput ?? "/dev/null", O_RDONLY),
            standardOutput: .file(output, O_WRONLY | O_CREAT), standardError: .file(errors, O_WRONLY | O_CREAT))
        let status = wait(for: child)
        return Outcome(
            status: status, output: standardOutput == nil ? try text(of: output) : "", errors: try text(of: errors))
    }

    /// Runs the command and gives its results, which must come with status 0.
    static func results(
        _ arguments: [String], environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let outcome = try run(arguments, environment: environment)
        try #require(outcome.status == .exited(0), "\(outcome.errors)", sourceLocation: sourceLocation)
        return outcome.output
    }

    /// One of a process's three streams.
    enum Stream {
        case file(String, Int32)
        case descriptor(Int32)
    }

    /// Starts the command without waiting for it.
    static func start(
        _ arguments: [String], environment: [String: String] = [:], standardInput: Stream, standardOutput: Stream,
        standardError: Stream
    ) throws -> pid_t {
        try start(
            command: [path] + arguments, environment: environment, standardInput: standardInput,
            standardOutput: standardOutput, standardError: standardError)
    }

    private static func start(
        command: [String], environment: [String: String], standardInput: Stream, standardOutput: Stream,
        standardError: Stream
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, stream) in [standardInput, standardOutput, standardError].enumerated() {
            switch stream {
            case .file(let path, let flags):
                posix_spawn_file_actions_addopen(&actions, Int32(number), path, flags, 0o600)
            case .descriptor(let descriptor):
                posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
            }
        }
        // What other tests have open at the moment is not the child's.
        for other in 3..<Int32(128) { posix_spawn_file_actions_addclose(&actions, other) }
        var words = command.map { strdup($0) } + [nil]
        var variables = Self.variables(with: environment).map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var child: pid_t = 0
        let failure = posix_spawn(&child, command[0], &actions, nil, &words, &variables)
        try #require(failure == 0, "\(command[0]) cannot be started: \(String(cString: strerror(failure)))")
        return child
    }

    /// Waits until a process has ended.
    static func wait(for child: pid_t) -> Status {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signaled(status & 0x7F)
    }

    /// This process's environment without what would change the command's answers, and some variables more.
    private static func variables(with others: [String: String]) -> [String] {
        var variables: [String] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(String(cString: variable))
            next += 1
        }
        let replaced = Array(others.keys) + ["FOVEA_DEVICE"]
        variables.removeAll { variable in replaced.contains { variable.hasPrefix($0 + "=") } }
        return variables + others.map { "\($0)=\($1)" }
    }

    private static func text(of path: String) throws -> String {
        String(decoding: try TemporaryFolder.read(path), as: UTF8.self)
    }
}

/// Where the package lies.
enum PackageRoot {
    static let path = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })

    /// The materials beside the package, which a clone need not have.
    static let shared = path + "/../shared"
}
