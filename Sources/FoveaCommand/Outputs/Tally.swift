import ArgumentParser
import Fovea

/// How many pictures went through a command, and how many of them failed.
struct Tally {
    /// Whether the first picture that fails is thrown instead of counted.
    let failsFast: Bool
    private(set) var count = 0
    private(set) var failures = 0
    private var firstFailure: FoveaError.Category?

    /// Begins with nothing.
    init(_ option: FailFastOption? = nil) { failsFast = option?.failFast ?? false }

    /// Counts pictures that went well.
    mutating func succeed(_ pictures: Int = 1) { count += pictures }

    /// Counts a picture that failed, and says why; throws it where the first failure ends the command.
    mutating func fail(_ error: FoveaError) throws(FoveaError) {
        if failsFast { throw error }
        count += 1
        failures += 1
        firstFailure = firstFailure ?? error.category
        Console.say("fovea: \(error.message)")
    }

    /// Counts a picture, and says why where it failed, in place of the progress; throws as `fail` does.
    mutating func count(_ error: FoveaError?, _ progress: inout Progress) throws(FoveaError) {
        guard let error else { return succeed() }
        progress.erase()
        try fail(error)
    }

    /// Counts pictures of an earlier run that is resumed.
    mutating func resume(_ pictures: Int, failures: Int) {
        count += pictures
        self.failures += failures
        if failures > 0 { firstFailure = .input }
    }

    /// Throws where no picture was found; a share of few pictures may well be empty.
    func checkFound(_ shard: Shard) throws(FoveaError) {
        guard count == 0, shard == .whole else { return }
        throw FoveaError(.input, code: "NO_PICTURE", "no picture was found: the lists given are empty; name a picture")
    }

    /// Ends the command with the status for what was counted: 0, 1 where some failed, 3 where none could be read.
    func conclude() throws {
        guard let firstFailure else { return }
        if count > 1 { Console.say("fovea: \(failures) of \(count) pictures failed") }
        throw ExitCode((failures < count ? .someFailed : ExitStatus(firstFailure)).rawValue)
    }
}
