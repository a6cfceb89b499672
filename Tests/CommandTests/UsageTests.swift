import ArgumentParser
import Operations
import Testing

@testable import FoveaCommand

@Suite("usage: help, version, and what is wrong with a command line")
struct UsageTests {
    private let star = ExamplePictures.path("star")

    private func expectUsageError(
        _ arguments: [String], saying words: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = try FoveaProcess.run(arguments)
        #expect(outcome.status == .exited(2), sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        #expect(outcome.errors.contains("Usage: fovea"), "\(outcome.errors)", sourceLocation: sourceLocation)
        for word in words {
            #expect(outcome.errors.contains(word), "\(outcome.errors)", sourceLocation: sourceLocation)
        }
    }

    @Test("no command, an unknown one, and an unknown option with the nearest known")
    func unknown() throws {
        try expectUsageError([], saying: ["fovea --help"])
        try expectUsageError(["clasify"], saying: ["'clasify'; did you mean classify?"])
        try expectUsageError(["classfy", star], saying: ["'classfy'; did you mean classify?"])
        try expectUsageError(["help", "nonsense"], saying: ["'nonsense'"])
        #expect(try FoveaProcess.results(["help", "summary"]).contains("USAGE: fovea summary"))
        try expectUsageError(["classify", star, "--forma", "json"], saying: ["--forma", "--format"])
        try expectUsageError(["classify"], saying: ["<image>"])
        try expectUsageError(["classify", star, "--top-k"], saying: ["--top-k"])
    }

    @Test(
        "a value outside its range",
        arguments: [
            ["--top-k", "0"], ["--top-k=-1"], ["--top-k", "abc"], ["--batch-size", "0"],
            ["--batch-size", "1000000000"], ["--format", "xml"], ["--crop-pct", "0"], ["--crop-pct", "nan"],
            ["--mean", "1,2"], ["--std", "0,1,1"], ["--input-size", "0x7"], ["--input-size", "8193x8"],
            ["--resize", "stretch"],
            ["--interpolation", "magic"], ["--heads", "0"], ["--precision", "float8"], ["--device", "opencl:x"],
            ["--max-pixels", "0"], ["--quiet", "--verbose"],
        ])
    func ranges(options: [String]) throws {
        try expectUsageError(["classify", star] + options, saying: options.count == 2 ? [options[1]] : [])
    }

    @Test("--precision offers what works, and answers what does not in a sentence")
    func precisions() throws {
        let help = try FoveaProcess.results(["classify", "--help"], environment: ["COLUMNS": "500"])
        #expect(
            help.contains(
                "(values: auto, \(Precision.allCases.map(\.rawValue).joined(separator: ", ")))"))
        let refused = try FoveaProcess.run(["classify", "-q", star, "--device", "cpu", "--precision", "float16"])
        #expect(refused.status == .exited(5) && refused.errors.contains("cannot compute in float16"))
    }

    @Test("every command that tells of its work can be quiet, but not at once with --verbose")
    func quiet() throws {
        for command in [["classify", star], ["bench"], ["tune"], ["verify"], ["summary"]] {
            #expect(throws: Never.self) { try FoveaCommand.parseAsRoot(command + ["-q"]) }
            #expect(throws: (any Error).self) { try FoveaCommand.parseAsRoot(command + ["-q", "-v"]) }
        }
    }

    @Test("standard input is read once")
    func standardInputTwice() throws {
        try expectUsageError(["classify", "-", "@-"], saying: ["standard input"])
        try expectUsageError(["classify", "-", "-"], saying: ["standard input"])
    }

    @Test("preprocess without anything to do, and a crop of several pictures")
    func preprocess() throws {
        try expectUsageError(["preprocess", star], saying: ["--output", "--picture", "--explain"])
        let folder = try TemporaryFolder()
        try expectUsageError(
            ["preprocess", ExamplePictures.folder, "--picture", folder("crop.png")], saying: ["--picture", "12"])
        #expect(folder.names.isEmpty)
    }

    @Test(
        "a file's name that promises something else than is written",
        arguments: [
            ["preprocess", "star.jpg", "--output", "x.txt"], ["preprocess", "star.jpg", "--picture", "c.jpg"],
            ["run", "--input", "x.npy", "--output", "y.csv"], ["bench", "--output", "chart.png"],
            ["bench", "--trace", "trace.svg"],
        ])
    func outputNames(arguments: [String]) throws {
        try expectUsageError(arguments, saying: [arguments.suffix(2).joined(separator: " ") + ": must end with ."])
    }

    @Test("- names no file of results, but for classify standard output")
    func dashOutput() throws {
        let plain = ["classify", "-q", star, "--device", "cpu"]
        #expect(try FoveaProcess.results(plain + ["-o", "-"]) == FoveaProcess.results(plain))
        let report = try FoveaProcess.run(["evaluate", "-q", ExamplePictures.folder, "-o", "-"])
        #expect(report.status == .exited(2) && report.errors.contains("./-"), "\(report.errors)")
    }

    @Test("verify --golden with options of the operations, which it does not compare")
    func verifyGolden() throws {
        let golden = ["verify", "--golden", GoldenCase.all[0].folder]
        for options in [["--operation", "linear"], ["--small"]] {
            try expectUsageError(golden + options, saying: ["--golden", options[0]])
        }
    }

    @Test("FOVEA_DEVICE counts where no --device is given, and is checked")
    func deviceVariable() throws {
        let arguments = ["classify", "-q", star, "--format", "json"]
        let reference = try FoveaProcess.results(arguments, environment: ["FOVEA_DEVICE": "cpu"])
        #expect(reference.contains("\"device\": \"cpu (reference)\""))
        let wrong = try FoveaProcess.run(arguments, environment: ["FOVEA_DEVICE": "opencl:x"])
        #expect(wrong.status == .exited(2))
        #expect(wrong.errors.contains("FOVEA_DEVICE") && wrong.errors.contains("opencl:x"))
        let overruled = try FoveaProcess.results(
            arguments + ["--device", "cpu"], environment: ["FOVEA_DEVICE": "opencl:x"])
        #expect(overruled.contains("cpu (reference)"))
    }

    @Test("names that begin with - come behind --")
    func dashes() throws {
        let outcome = try FoveaProcess.run(["classify", "-q", "--", "--nowhere.png"])
        #expect(outcome.status == .exited(3))
        #expect(outcome.errors.contains("--nowhere.png: no such file"))
    }

    /// Every command that is shown; the one for downloads only where it is built.
    private static let commands: [[String]] =
        [[]]
        + FoveaCommand.configuration.subcommands.filter { command in
            #if !Hub
                if command == Pull.self { return false }
            #endif
            return command.configuration.shouldDisplay
        }.map { [$0._commandName] }

    @Test("help is on standard output, with an example", arguments: commands)
    func help(command: [String]) throws {
        let text = try FoveaProcess.results(command + ["--help"])
        #expect(text.contains("USAGE: fovea"))
        #expect(text.contains("Example"))
        #expect(text.contains((["  fovea"] + command).joined(separator: " ")))
    }

    @Test("completions for each shell name the commands", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let script = try FoveaProcess.results(["--generate-completion-script", shell])
        for word in ["classify", "preprocess", "pull", "top-k"] { #expect(script.contains(word)) }
        #expect(!script.contains("-worker"))
    }

    @Test("--version tells version, build, picture decoders, loader and platforms")
    func version() throws {
        let lines = try FoveaProcess.results(["--version"]).split(separator: "\n")
        #expect(lines[0].wholeMatch(of: /fovea \d+\.\d+\.\d+ \((debug|release), \w+\)/) != nil)
        #expect(lines[1].hasPrefix("picture decoders: libjpeg-turbo "))
        #expect(lines[2].hasPrefix("OpenCL loader: "))
        #expect(lines.dropFirst(3).allSatisfy { $0.hasPrefix("OpenCL platform: ") || $0.hasPrefix("OpenCL device ") })
        #expect(lines.count > 3)
        #expect(try FoveaProcess.results(["classify", "--version"]).hasPrefix("fovea "))
    }
}
