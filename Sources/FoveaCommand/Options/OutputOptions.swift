import ArgumentParser
import Fovea
import Operations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Whether a file that exists may be replaced.
struct OverwriteOption: ParsableArguments {
    @Flag(help: "Replace an output file that exists.")
    var overwrite = false

    /// Opens an output file that appears whole or not at all.
    ///
    /// Throws category `output` where it exists and `--overwrite` was not given, or where it cannot be written.
    func create(_ path: String) throws(FoveaError) -> OutputFile {
        try check(path)
        return try OutputFile(path)
    }

    /// Throws category `output` where a file exists and `--overwrite` was not given, and a usage error for `-`.
    func check(_ path: String) throws(FoveaError) {
        try Self.checkIsName(path)
        var status = stat()
        guard !overwrite, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        throw FoveaError(
            .output, code: "OUT_EXISTS", "\(path): exists already; replace it with --overwrite or name another file")
    }

    /// Throws a usage error for `-`, which elsewhere stands for a stream.
    static func checkIsName(_ path: String) throws(FoveaError) {
        guard path == "-" else { return }
        throw FoveaError(.usage, code: "OUT_DASH", "-: names no output here; name a file or folder, such as ./-")
    }

    /// Throws category `output` where an unfinished run has left rows and `--overwrite` was not given.
    func check(_ partial: PartialFile) throws(FoveaError) {
        var status = stat()
        guard !overwrite, stat(partial.path, &status) == 0, status.st_size > 0 else { return }
        throw FoveaError(
            .output, code: "OUT_PARTIAL_EXISTS",
            "\(partial.path): holds the rows of an unfinished run; go on with them with --resume, replace them with "
                + "--overwrite, or name another file")
    }
}

/// A command that can be told how much to say.
protocol VerboseCommand: ParsableCommand {
    var verbosity: Verbosity { get }
}

/// How much is said on standard error.
struct Verbosity: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Say more: the device, the time, the long story of an error.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Say nothing but errors, and draw no progress.")
    var quiet = false

    func validate() throws {
        if verbose && quiet { throw ValidationError("--verbose and --quiet exclude each other") }
    }

    /// Says a line that is no error.
    func note(_ line: String) {
        if !quiet { Console.say("fovea: \(line)") }
    }

    /// Says where a model computes and in what precision, which only `--verbose` asks for.
    func detail(device name: String, _ precision: Precision) {
        detail("computing on \(name) in \(precision.rawValue)")
    }

    /// Says a line that only `--verbose` asks for.
    func detail(_ line: String) {
        if verbose { Console.say("fovea: \(line)") }
    }
}
