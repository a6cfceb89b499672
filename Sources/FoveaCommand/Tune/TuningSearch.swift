import Fovea
import OpenCLOperations

/// The search for the best numbers of one tuning, told on standard error.
struct TuningSearch {
    /// What came of it.
    struct Result {
        let row: TuningRow
        let shipped: [String: Int]
        /// The numbers to keep; nil where what ships is best.
        var found: [String: Int]?
        /// The time with `found` over that with `shipped`; nil where nothing seemed faster.
        var ratio: TimeRatio?
        /// Candidates that were tried.
        var tried = 0
        /// Of these, those that took down the process that measured them.
        var lost = 0
    }

    private let client: TuneWorkerClient
    private let verbosity: Verbosity
    private var result: Result

    /// Prepares a search from the numbers that ship.
    init(_ row: TuningRow, shipped: [String: Int], on client: TuneWorkerClient, _ verbosity: Verbosity) {
        (self.client, self.verbosity) = (client, verbosity)
        result = Result(row: row, shipped: shipped)
    }

    /// Searches until a time comes; then holds what was found against what ships.
    mutating func run(until deadline: ContinuousClock.Instant) throws -> Result {
        var progress = Progress("candidates of \(result.row.name)", isShown: !verbosity.verbose && !verbosity.quiet)
        let best = try CoordinateDescent(knobs: result.row.knobs).search(
            from: result.shipped, isOver: { ContinuousClock.now >= deadline }
        ) { (candidate, best) throws in
            defer { progress.advance(by: 1) }
            return try compare(candidate, with: best, .quick, progress)?.isWin == true
        }
        guard best != result.shipped else { return result }
        result.ratio = try compare(best, with: result.shipped, .thorough, progress)
        if result.ratio?.isWin == true { result.found = best }
        return result
    }

    /// The time of a candidate over another's; nil where it cannot be used.
    private mutating func compare(
        _ candidate: [String: Int], with best: [String: Int], _ effort: CandidateEvaluator.Effort,
        _ progress: borrowing Progress
    ) throws -> TimeRatio? {
        let changes = TuningReport.phrase(candidate.filter { best[$0.key] != $0.value })
        let name = "\(result.row.name) with \(changes)"
        result.tried += 1
        switch try client.compare(result.row, candidate: candidate, with: best, effort) {
        case .verdict(.measured(let ratio)):
            verbosity.detail("\(name): \(TuningReport.phrase(ratio)) of the time")
            return ratio
        case .verdict(.refused(let reason)):
            // That numbers do not go together is no news; that what won so far gives wrong answers somewhere is.
            if verbosity.verbose || effort == .thorough { say("\(name) is left out: \(reason)", progress) }
        case .lost(let how):
            result.lost += 1
            say("\(name) is left out: \(how)", progress)
        }
        return nil
    }

    private func say(_ sentence: String, _ progress: borrowing Progress) {
        progress.erase()
        verbosity.note(sentence)
    }
}
