package import OpenCLOperations
import OperationCases
package import Operations
import VisionModels

/// Times a model: random pictures as bytes in host memory in, logits (or embeddings) in host memory out.
package struct ModelBenchmark {
    /// When measuring ends.
    package enum Limit: Sendable, Hashable {
        /// After so many runs.
        case iterations(Int)
        /// After so many seconds, but not before five runs.
        case seconds(Double)

        private static let fewest = 5

        fileprivate func isReached(runs: Int, elapsed: Duration) -> Bool {
            switch self {
            case .iterations(let count): runs >= count
            case .seconds(let seconds): runs >= Self.fewest && elapsed >= .seconds(seconds)
            }
        }
    }

    private let session: any InferenceSession
    private let input: ModelInput
    /// Pictures in a run.
    package let batchSize: Int

    /// Prepares random pictures for a session.
    ///
    /// - Parameter batchSize: At least 1.
    package init(_ session: any InferenceSession, batchSize: Int, seed: UInt64 = 1) {
        let (height, width) = (session.configuration.imageHeight, session.configuration.imageWidth)
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<batchSize * height * width * 3).map { _ in UInt8(truncatingIfNeeded: random.next() >> 56) }
        self.init(
            session,
            .pictures(PixelBatch(count: batchSize, height: height, width: width, bytes: bytes), .halves))
    }

    /// Times a session on an input of its size.
    package init(_ session: any InferenceSession, _ input: ModelInput) {
        (self.session, self.input, batchSize) = (session, input, input.count)
    }

    /// Runs once and tells how long it took.
    ///
    /// - Throws: `FoveaError` where the device fails.
    @discardableResult
    package func run() throws(FoveaError) -> Duration {
        let start = ContinuousClock.now
        _ = try session.run(input, session.configuration.output)
        return start.duration(to: .now)
    }

    /// Runs until the limit, after some runs that do not count.
    package func measure(_ limit: Limit, warmUp: Int) throws(FoveaError) -> LatencyStatistics {
        for _ in 0..<warmUp { try run() }
        var durations: [Duration] = []
        let start = ContinuousClock.now
        repeat {
            durations.append(try run())
        } while !limit.isReached(
            runs: durations.count, elapsed: start.duration(to: .now))
        return LatencyStatistics(durations)
    }

    /// Runs with as many passes under way as the session takes: the seconds of one in a stream; nil if it takes but one.
    ///
    /// The mean from answer to answer until the limit, after passes that do not count.
    package func stream(_ limit: Limit, warmUp: Int) throws(FoveaError) -> Double? {
        guard session.passCount > 1 else { return nil }
        var underWay: [BegunPass] = []
        defer { for pass in underWay { _ = try? pass.answer() } }
        while underWay.count < session.passCount { underWay.append(try begin()) }
        for _ in 0..<max(warmUp, session.passCount) {
            _ = try underWay.removeFirst().answer()
            underWay.append(try begin())
        }
        var runs = 0
        let start = ContinuousClock.now
        var duration = Duration.zero
        repeat {
            _ = try underWay.removeFirst().answer()
            (runs, duration) = (runs + 1, start.duration(to: .now))
            underWay.append(try begin())
        } while !limit.isReached(runs: runs, elapsed: duration)
        return duration / .seconds(1) / Double(runs)
    }

    private func begin() throws(FoveaError) -> BegunPass { try session.begin(input, session.configuration.output) }

    /// Measures this and another benchmark in turns, run for run, so that what else the machine does meets both.
    package func measure(
        against other: ModelBenchmark, _ limit: Limit, warmUp: Int
    ) throws(FoveaError) -> (own: LatencyStatistics, other: LatencyStatistics) {
        for _ in 0..<warmUp {
            try run()
            try other.run()
        }
        var (own, others): ([Duration], [Duration]) = ([], [])
        let start = ContinuousClock.now
        repeat {
            own.append(try run())
            others.append(try other.run())
        } while !limit.isReached(runs: own.count, elapsed: start.duration(to: .now))
        return (LatencyStatistics(own), LatencyStatistics(others))
    }

    /// Runs so many times on a session that was made to profile, and gathers what its kernels took.
    ///
    /// - Parameter probe: Launched after each run, so that kernels and ceiling meet the same clock.
    package func profile(runs: Int, warmUp: Int, with probe: FMAProbe? = nil) throws(FoveaError) -> LaunchProfile {
        for _ in 0..<warmUp { try run() }
        _ = try session.takeProfile()
        var passes: [(duration: Duration, launches: [LaunchTime])] = []
        var rates: [Double] = []
        for _ in 0..<runs {
            let duration = try run()
            passes.append((duration, try session.takeProfile()))
            do {
                if let probe { rates.append(try probe.flopPerSecond()) }
            } catch {
                throw FoveaError(error)
            }
        }
        return LaunchProfile(passes, multiplyAddRates: rates)
    }

    /// Runs so many times on a session that was made to profile, and tells when host and device did what.
    ///
    /// The device's clock is set by the first launch of each pass, which is queued as the host begins to enqueue.
    package func trace(runs: Int) throws(FoveaError) -> [TracedPass] {
        try run()
        _ = try session.takeProfile()
        let origin = ContinuousClock.now
        var passes: [TracedPass] = []
        for _ in 0..<runs {
            let start = origin.duration(to: .now) / .seconds(1)
            try run()
            let (steps, launches) = (session.lastSteps, try session.takeProfile())
            let begin = steps.first { $0.name == "enqueue" }?.start ?? 0
            let zero = Double(launches.first?.queued ?? 0)
            passes.append(
                TracedPass(
                    start: start, steps: steps,
                    launches: launches.map { ($0, begin + (Double($0.start) - zero) * 1e-9) }))
        }
        return passes
    }
}

extension Normalization {
    /// Mean and deviation ½: for pictures whose answer nobody reads.
    package static let halves = Normalization(mean: SIMD3(repeating: 0.5), deviation: SIMD3(repeating: 0.5))
}
