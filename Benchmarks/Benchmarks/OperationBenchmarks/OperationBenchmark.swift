import Benchmark
import OperationCases
import Operations

/// One case of `OperationCases` on one backend: the time from the call to the result, and the rates that follow.
final class OperationBenchmark<B: Backend> {
    private let operationCase: any OperationCase
    private let backend: B
    /// The case on the device, between set-up and tear-down alone: all cases at once would not fit everywhere.
    private var prepared: PreparedCase<B>?

    private init(_ operationCase: any OperationCase, _ backend: B) {
        self.operationCase = operationCase
        self.backend = backend
    }

    private func prepare() throws {
        prepared = try operationCase.prepare(on: backend)
    }

    private func release() {
        prepared = nil
    }

    private func measure(_ benchmark: Benchmark, fence: B.Tensor) throws {
        guard let prepared else { return benchmark.error("\(operationCase) was not set up") }
        let clock = ContinuousClock()
        benchmark.startMeasurement()
        let start = clock.now
        let result = try prepared.run()
        // The queue is in order, so that these few bytes arrive when the result is there: waiting without copying it.
        _ = try backend.download(fence)
        let elapsed = start.duration(to: clock.now) / .seconds(1)
        benchmark.stopMeasurement()
        blackHole(result)
        benchmark.measurement(.computeRate, Int(operationCase.work.flop / elapsed / 1e6))
        benchmark.measurement(.memoryRate, Int(operationCase.work.bytes / elapsed / 1e6))
    }

    /// Registers every case of ViT-B/16.
    static func registerAll(on backend: B, deviceName: String) throws {
        let fence = try backend.upload(HostTensor([1], [0]))
        for operationCase in OperationCases.base {
            let measured = OperationBenchmark(operationCase, backend)
            Benchmark(
                "\(operationCase)", configuration: .operations(on: deviceName),
                closure: { benchmark in try measured.measure(benchmark, fence: fence) },
                setup: { try measured.prepare() }, teardown: { measured.release() })
        }
    }
}

extension BenchmarkMetric {
    /// Floating-point operations of the case over its time.
    fileprivate static let computeRate = BenchmarkMetric.custom(
        "MFLOP/s", polarity: .prefersLarger, useScalingFactor: false)
    /// Bytes that the case must move at least once over its time.
    fileprivate static let memoryRate = BenchmarkMetric.custom(
        "MB/s", polarity: .prefersLarger, useScalingFactor: false)
}

extension Benchmark.Configuration {
    /// The first run compiles kernels, so it is not measured.
    fileprivate static func operations(on deviceName: String) -> Self {
        .init(
            metrics: [.wallClock, .computeRate, .memoryRate], tags: ["device": deviceName],
            timeUnits: .microseconds, warmupIterations: 1, maxDuration: .seconds(2), maxIterations: 200)
    }
}
