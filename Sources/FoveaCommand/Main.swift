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
        Console.occupyClosedStreams()
        Interruption.install()
        // A reader that goes away shows as an error of write(2), which Console ends quietly on.
        signal(SIGPIPE, SIG_IGN)
        var isVerbose = false
        do {
            try CommandNames.check(Array(CommandLine.arguments.dropFirst()))
            var command = try FoveaCommand.parseAsRoot()
            isVerbose = (command as? any VerboseCommand)?.verbosity.verbose ?? false
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            finish(error, isVerbose: isVerbose)
        }
    }

    private static func finish(_ error: any Error, isVerbose: Bool) -> Never {
        if let code = error as? ExitCode { exit(code.rawValue) }
        if let interruption = error as? Interruption { interruption.end() }
        let text = FoveaCommand.fullMessage(for: error)
        switch FoveaCommand.exitCode(for: error) {
        case .success:
            Console.write((text == VersionReport.short ? VersionReport.long : text) + "\n")
            exit(ExitStatus.success.rawValue)
        case .validationFailure:
            Console.explain(text)
            exit(ExitStatus.usage.rawValue)
        default:
            let error = FoveaError(error)
            Console.complain(error.message)
            if isVerbose { error.details.forEach { Console.say("  " + $0) } }
            exit(ExitStatus(error.category).rawValue)
        }
    }
}

/// The command and its parts.
struct FoveaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fovea",
        abstract: "Run Vision Transformers on any OpenCL device.",
        discussion: """
            Example:
              fovea classify cat.jpg --model models/deit_tiny_patch16_224

            Results go to standard output, everything else to standard error. Exit status: 0 all went well, 1 some inputs \
            failed, 2 usage, 3 no input could be read, 4 the model cannot be loaded, 5 no such device, 6 not enough \
            memory, 7 the device failed, 8 a file cannot be written or a download failed, 70 a bug of ours, 130 \
            and 143 ended by SIGINT and SIGTERM.
            """,
        version: VersionReport.short,
        subcommands: [
            Classify.self, Embed.self, Attention.self, Evaluate.self, Pipe.self, Run.self, Preprocess.self,
            Summary.self, Devices.self, Verify.self, Bench.self, Tune.self, Pull.self, TuneWorker.self,
            CompileWorker.self,
        ])

    func run() throws {
        throw ValidationError("name a command")
    }
}
