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
    /// What was done before this run began.
    private let earlier: Int
    private let total: Int?

    /// Begins to count.
    ///
    /// - Parameters:
    ///   - noun: What is counted, in the plural.
    ///   - earlier: How many were done by a run that is resumed.
    ///   - total: How many there are in all, earlier ones included, asked only where the line is shown.
    init(_ noun: String, isShown: Bool, earlier: Int = 0, total: () -> Int? = { nil }) {
        self.noun = noun
        self.isShown = isShown && Console.errorIsTerminal
        self.earlier = earlier
        self.total = self.isShown ? total() : nil
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
        Console.redraw(line)
    }

    /// Clears the line before something else is said.
    func erase() {
        if isShown { Console.redraw("") }
    }

    /// How many were done in a second, with one decimal.
    var rate: String { perSecond.formatted(decimals: 1) }

    private var perSecond: Double {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return seconds > 0 ? Double(done) / seconds : 0
    }

    private var line: String {
        let position = earlier + done
        guard let total, total >= position, total > 0, perSecond > 0 else {
            return "\(position.grouped) \(noun), \(rate) a second"
        }
        let left = Duration.seconds(Double(total - position) / perSecond)
        return "\(Self.bar(Double(position) / Double(total))) \(position.grouped) of \(total.grouped) \(noun), "
            + "\(rate) a second, \(left.roughly) left"
    }

    private static func bar(_ share: Double) -> String {
        let (width, full) = (24, Int(share * 24))
        return "[" + String(repeating: "=", count: full) + String(repeating: " ", count: width - full) + "]"
    }
}

extension Duration {
    /// The time in its two largest units: `1 h 05 min`, `3 min 20 s`, `12 s`.
    fileprivate var roughly: String {
        let seconds = Int((self / .seconds(1)).rounded(.up))
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if seconds >= 3600 { return "\(seconds / 3600) h \(padded(seconds % 3600 / 60)) min" }
        if seconds >= 60 { return "\(seconds / 60) min \(padded(seconds % 60)) s" }
        return "\(seconds) s"
    }
}
