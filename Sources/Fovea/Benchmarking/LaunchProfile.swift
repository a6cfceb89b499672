package import OpenCLOperations
package import Operations

/// Where the time of a pass goes, kernel by kernel.
package struct LaunchProfile: Sendable {
    /// All launches of one kernel with the same sizes.
    package struct Row: Sendable {
        /// What launched.
        package let operation: Operation
        /// The kernel, by name.
        package let kernel: String
        /// Its sizes, such as `768→3072`.
        package let label: String
        /// Launches in a pass.
        package let calls: Double
        /// Seconds on the device in a pass, the median over passes.
        package let seconds: Double
        /// Floating-point operations in a pass.
        package let flop: Double
        /// Bytes that a pass must move at least: each buffer of a launch once.
        package let bytes: Double

        /// The least seconds that its operations and bytes allow under a roofline; nil without one.
        package func attainableSeconds(_ roofline: Roofline?) -> Double? {
            roofline?.leastSeconds(flop: flop, bytes: bytes)
        }
    }

    /// Kernels, the longest time first.
    package let rows: [Row]
    /// The part of a pass before its first kernel began and after the last one ended, 0…1, the median over passes: calls
    /// and transfers.
    package let hostShare: Double
    /// The part of a pass between the end of a kernel and the begin of the next, 0…1, the median over passes: the driver.
    package let gapShare: Double

    /// Operations a second of multiply-adds that touch no memory, measured in turns with the passes, the median; nil where
    /// they were not.
    package let multiplyAddRate: Double?

    /// Groups the launches of equal passes.
    ///
    /// - Parameters:
    ///   - passes: How long each took, with its launches; at least one.
    ///   - multiplyAddRates: What `FMAProbe` found between them.
    package init(
        _ passes: [(duration: Duration, launches: [LaunchTime])], multiplyAddRates: [Double] = []
    ) {
        let runs = passes.count
        let shares = passes.map { pass in
            let total = pass.duration / .nanoseconds(1)
            let kernels = pass.launches.reduce(0) { $0 + Double($1.nanoseconds) }
            let begin = pass.launches.map(\.start).min() ?? 0
            let span = Double((pass.launches.map { $0.start + $0.nanoseconds }.max() ?? 0) - begin)
            return (host: 1 - span / total, gaps: (span - kernels) / total)
        }
        hostShare = Self.median(shares.map(\.host))
        gapShare = Self.median(shares.map(\.gaps))
        multiplyAddRate = multiplyAddRates.isEmpty ? nil : Self.median(multiplyAddRates)
        struct Key: Hashable {
            let kernel: String
            let label: String
        }
        let launches = passes.enumerated().flatMap { pass, found in found.launches.map { (pass: pass, launch: $0) } }
        rows = Dictionary(grouping: launches) { Key(kernel: $0.launch.kernel, label: $0.launch.label) }
            .map { key, launches in
                var seconds = [Double](repeating: 0, count: runs)
                for (pass, launch) in launches { seconds[pass] += Double(launch.nanoseconds) * 1e-9 }
                return Row(
                    operation: launches[0].launch.operation, kernel: key.kernel, label: key.label,
                    calls: Double(launches.count) / Double(runs), seconds: Self.median(seconds),
                    flop: launches.reduce(0) { $0 + $1.launch.flop } / Double(runs),
                    bytes: launches.reduce(0) { $0 + $1.launch.bytes } / Double(runs))
            }.sorted { ($0.seconds, $1.kernel, $1.label) > ($1.seconds, $0.kernel, $0.label) }
    }

    /// The middle one, of one at least.
    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// Seconds that kernels ran in a pass, the sum of their medians; transfers and gaps are what is missing to its latency.
    package var seconds: Double { rows.reduce(0) { $0 + $1.seconds } }
    /// A row's part of all kernels' time, 0…1.
    package func share(_ row: Row) -> Double { seconds > 0 ? row.seconds / seconds : 0 }
    /// Floating-point operations of a pass.
    package var flop: Double { rows.reduce(0) { $0 + $1.flop } }

    /// The least seconds that the kernels' operations and bytes allow under a roofline; nil without one.
    package func attainableSeconds(_ roofline: Roofline?) -> Double? {
        roofline.map { roofline in
            rows.reduce(0) { $0 + roofline.leastSeconds(flop: $1.flop, bytes: $1.bytes) }
        }
    }
}
