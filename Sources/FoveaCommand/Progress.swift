/// A line on a terminal that tells how far the work is, once it has lasted a second.
///
/// Nothing is drawn where messages do not go to a terminal, with `--quiet`, or where results already scroll by on the
/// same terminal.
struct Progress: ~Copyable {
    private let noun: String
    private let isShown: Bool
    private let start: ContinuousClock.Instant
    private var nextDrawing: ContinuousClock.Instant
    private var done = 0

    /// Begins to count; `noun` is what is counted, in the plural.
    init(_ noun: String, isShown: Bool) {
        self.noun = noun
        self.isShown = isShown && Console.errorIsTerminal
        start = ContinuousClock.now
        nextDrawing = start + .seconds(1)
    }

    deinit { erase() }

    /// Counts, and draws at most ten times a second.
    mutating func advance(by count: Int) {
        done += count
        let now = ContinuousClock.now
        guard isShown, now >= nextDrawing else { return }
        nextDrawing = now + .milliseconds(100)
        Console.redraw("\(done) \(noun), \(rate) a second")
    }

    /// Clears the line before something else is said.
    func erase() {
        if isShown { Console.redraw("") }
    }

    /// How many were done in a second, with one decimal.
    var rate: String {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return (seconds > 0 ? Double(done) / seconds : 0).formatted(decimals: 1)
    }
}
