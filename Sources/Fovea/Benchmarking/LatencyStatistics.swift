/// What repeated runs took.
package struct LatencyStatistics: Sendable {
    /// Seconds, shortest first; never empty.
    private let sorted: [Double]

    /// Gathers at least one measurement.
    package init(_ durations: [Duration]) {
        precondition(!durations.isEmpty, "statistics of no measurement")
        sorted = durations.map { $0 / .seconds(1) }.sorted()
    }

    /// Number of measurements.
    package var count: Int { sorted.count }
    /// The shortest, in seconds.
    package var best: Double { sorted[0] }
    /// The sum, in seconds.
    package var total: Double { sorted.reduce(0, +) }

    /// The smallest measurement that at least `percent` of all do not exceed (nearest rank), in seconds.
    ///
    /// - Parameter percent: Above 0, at most 100.
    package func percentile(_ percent: Double) -> Double {
        precondition(percent > 0 && percent <= 100, "there is no percentile \(percent)")
        let rank = Int((percent / 100 * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }

    /// The 50th percentile, in seconds.
    package var median: Double { percentile(50) }
}
