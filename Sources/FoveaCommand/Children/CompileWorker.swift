import ArgumentParser
import Checkpoints
import Dispatch
import Fovea
import OpenCLOperations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A second process of a command that must compile a model's kernels, where the driver compiles one at a time in each: it
/// takes the last ones, and leaves them where the command's own driver finds them.
///
/// The command neither waits for it nor needs it. It reads one line, what to compile, and says nothing; it ends when that is
/// done, or before the next kernel where the command has ended.
struct CompileWorker: ParsableCommand {
    static let name = "compile-worker"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Compiles for another command.", shouldDisplay: false)

    func run() throws {
        guard let line = try LineReader("-").nextLine(),
            let compilation = KernelCompilation(try JSON(parsing: line)),
            case .openCL(let device) = try ComputeDevice(.index(compilation.device))
        else {
            throw FoveaError(.internalError, code: "COMPILE_REQUEST", "a request to \(Self.name) is none")
        }
        // Nothing else comes: what can be read is the end.
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        try OpenCLBackend(device).compile(compilation) { poll(&input, 1, 0) == 0 }
    }

    /// Longer than any kernels take: a process that has not ended by then never will.
    private static let limit = Duration.seconds(120)

    /// Starts a worker and sees to its end; where none can be started the command compiles alone.
    @Sendable
    static func start(_ compilation: KernelCompilation) {
        // A thread of its own, for it waits.
        DispatchQueue.global().async {
            guard let child = try? ChildProcess([name], isSilent: true) else { return }
            child.send(compilation.json)
            _ = try? child.receive(within: limit)
        }
    }
}
