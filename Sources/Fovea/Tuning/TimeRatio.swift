#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The time of a candidate over that of what it is compared with, and how far chance alone may move that.
package struct TimeRatio: Sendable, Hashable {
    /// Below 1 where the candidate is faster.
    package let value: Double
    /// Three standard errors of `value`.
    package let noise: Double

    /// What a candidate must win by at least: a smaller gain is not worth other bits.
    package static let leastGain = 0.02

    /// Makes a ratio from what a measurement gave.
    package init(value: Double, noise: Double) { (self.value, self.noise) = (value, noise) }

    /// The median ratio of rounds in which both ran one after the other.
    ///
    /// - Parameter rounds: Seconds of a round, at least one.
    package init(rounds: [(best: Double, candidate: Double)]) {
        let ratios = rounds.map { $0.candidate / $0.best }
        let median = Self.median(ratios)
        // From the median distance, which an interrupted round does not move: 1.4826 of it is a normal deviation, and a
        // median's error is 1.2533 of a mean's.
        let deviation = 1.4826 * Self.median(ratios.map { abs($0 - median) })
        self.init(value: median, noise: 3 * 1.2533 * deviation / Double(ratios.count).squareRoot())
    }

    /// The geometric mean of some ratios, at least one.
    package init(meanOf ratios: [TimeRatio]) {
        let count = Double(ratios.count)
        let mean = exp(ratios.reduce(0) { $0 + log($1.value) } / count)
        let relative = ratios.reduce(0) { $0 + ($1.noise / $1.value) * ($1.noise / $1.value) }.squareRoot() / count
        self.init(value: mean, noise: mean * relative)
    }

    /// Whether the candidate is faster, by more than chance and by more than a little.
    package var isWin: Bool { value < 1 - max(Self.leastGain, noise) }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
