import ArgumentParser
import Checkpoints
import Fovea
import OpenCLOperations
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A second process of a command that must compile a model's kernels, where the driver compiles one at a time in each: it
/// takes the last ones, and leaves them where the command's own driver finds them.
///
/// The command neither waits for it nor needs it. It reads one line, what to compile, and says nothing; it ends when that is
/// done, and before the next kernel where the command has ended.
struct CompileWorker: ParsableCommand {
    static let name = "compile-worker"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Compiles for another command.", shouldDisplay: false)

    /// Longer than kernels take where help with them is worth something.
    private static let limit: CUnsignedInt = 120

    func run() throws {
        // Nobody else looks after it once the command has ended.
        alarm(Self.limit)
        // What the command was given by its caller, a lock say, is held no longer than by the command.
        for descriptor in STDERR_FILENO + 1..<256 { close(descriptor) }
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

    /// The worker of this process, which ends once it is let go.
    private static let worker = Mutex<ChildProcess?>(nil)

    /// Starts a worker; where there has been one, or none can be started, the command compiles alone.
    @Sendable
    static func start(_ compilation: KernelCompilation) {
        worker.withLock { worker in
            guard worker == nil, let child = try? ChildProcess([name], isSilent: true) else { return }
            child.send(compilation.json)
            worker = child
        }
    }
}
