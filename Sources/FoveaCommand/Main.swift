import ArgumentParser
import Fovea

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The entry: parses, runs, and turns whatever goes wrong into one sentence and an exit status.
@main
enum Main {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try FoveaCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            finish(error)
        }
    }

    private static func finish(_ error: any Error) -> Never {
        if let code = error as? ExitCode { exit(code.rawValue) }
        if error is CleanExit || FoveaCommand.exitCode(for: error) == .success {
            Console.write(FoveaCommand.fullMessage(for: error) + "\n")
            exit(0)
        }
        if FoveaCommand.exitCode(for: error) == .validationFailure {
            Console.say(FoveaCommand.fullMessage(for: error))
            exit(ExitStatus.usage.rawValue)
        }
        let error = FoveaError(error)
        Console.say("fovea: error: \(error.message)")
        if CommandLine.arguments.contains("--verbose") { error.details.forEach { Console.say("  " + $0) } }
        exit(ExitStatus(error.category).rawValue)
    }
}

/// The command and its parts.
struct FoveaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fovea",
        abstract: "Runs Vision Transformers on any OpenCL device.",
        version: "fovea \(FoveaVersion.current)",
        subcommands: [])
}
