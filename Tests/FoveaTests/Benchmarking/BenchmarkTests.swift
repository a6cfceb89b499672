import Fovea
import OpenCLRuntime
import OperationCases
import Operations
import Testing
import VisionModels

@testable import OpenCLOperations

@Suite("Benchmarks")
struct BenchmarkTests {
    @Test("percentiles are by nearest rank")
    func percentiles() {
        let statistics = LatencyStatistics((1...10).reversed().map { .milliseconds($0 * 10) })
        func near(_ value: Double, _ milliseconds: Double) -> Bool { abs(value * 1000 - milliseconds) < 1e-9 }
        #expect(statistics.count == 10 && near(statistics.best, 10) && near(statistics.total, 550))
        #expect(near(statistics.median, 50) && near(statistics.percentile(51), 60))
        #expect(near(statistics.percentile(90), 90) && near(statistics.percentile(99), 100))
        #expect(near(statistics.percentile(100), 100) && near(statistics.percentile(0.1), 10))
        let one = LatencyStatistics([.milliseconds(7)])
        #expect(near(one.median, 7) && near(one.percentile(99), 7))
    }

    @Test("run as often as asked, and in turns with another device")
    func limits() throws {
        let session = try TestDevice.tiny()
        let benchmark = ModelBenchmark(session, batchSize: 1)
        #expect(try benchmark.measure(.iterations(3), warmUp: 1).count == 3)
        #expect(try benchmark.measure(.seconds(0.001), warmUp: 0).count == 5)
        let both = try benchmark.measure(against: benchmark, .iterations(2), warmUp: 0)
        #expect(both.own.count == 2 && both.other.count == 2)
    }

    @Test("a profile counts every launch and every operation of a pass", .requiresOpenCL)
    func profile() throws {
        let session = try TestDevice.demo(on: TestDevice.require()) { options in
            options.backend.profiles = true
            options.backend.fusesLayerNorm = false
        }
        let configuration = session.configuration
        let profile = try ModelBenchmark(session, batchSize: 2).profile(runs: 3, warmUp: 1)
        func rows(_ operation: Operation) -> [LaunchProfile.Row] { profile.rows.filter { $0.operation == operation } }
        func calls(_ operation: Operation) -> Double { rows(operation).reduce(0) { $0 + $1.calls } }
        let depth = Double(configuration.depth)
        #expect(calls(.patchEmbedding) == 1 && calls(.attention) == depth && calls(.linear) == 4 * depth + 1)
        #expect(calls(.layerNorm) == 2 * depth + 1 && calls(.pooling) == 2 && calls(.softmax) == 0)
        let products = [Operation.patchEmbedding, .attention, .linear].flatMap(rows).reduce(0) { $0 + $1.flop }
        #expect(products == 2 * configuration.passFlop)
        #expect(abs(profile.rows.reduce(0) { $0 + profile.share($1) } - 1) < 1e-9)
        #expect(profile.rows.map(\.seconds) == profile.rows.map(\.seconds).sorted(by: >))
        #expect(profile.rows.allSatisfy { $0.seconds > 0 })
        #expect(profile.hostShare > 0 && profile.gapShare >= 0 && profile.hostShare + profile.gapShare < 1)
    }

    @Test("what kernels leave of a pass lies around or between them, medians over passes")
    func partsWithoutKernels() {
        func launch(from start: UInt64, to end: UInt64) -> LaunchTime {
            LaunchTime(
                operation: .linear, kernel: "linear", label: "", nanoseconds: (end - start) * 1_000_000,
                start: start * 1_000_000, flop: 0, bytes: 0, queued: 0)
        }
        let passes: [(duration: Duration, launches: [LaunchTime])] = [
            (.milliseconds(10), [launch(from: 1, to: 4), launch(from: 5, to: 9)]),
            (.milliseconds(100), [launch(from: 0, to: 7)]),
            (.milliseconds(10), [launch(from: 100, to: 104), launch(from: 105, to: 109)]),
        ]
        let profile = LaunchProfile(passes, multiplyAddRates: [3, 9, 4])
        #expect(abs(profile.hostShare - 0.2) < 1e-12 && abs(profile.gapShare - 0.1) < 1e-12)
        #expect(profile.rows.count == 1 && abs(profile.seconds - 0.007) < 1e-12)
        #expect(profile.multiplyAddRate == 4 && LaunchProfile(passes).multiplyAddRate == nil)
    }

    @Test("a profile tells the rate of multiply-adds where it is given a probe", .requiresOpenCL)
    func probe() throws {
        let session = try TestDevice.demo(on: TestDevice.require()) { $0.backend.profiles = true }
        let probe = try FMAProbe(try #require(TestDevice.first), cache: nil)
        let benchmark = ModelBenchmark(session, batchSize: 1)
        #expect(try #require(try benchmark.profile(runs: 3, warmUp: 0, with: probe).multiplyAddRate) > 1e8)
        #expect(try benchmark.profile(runs: 1, warmUp: 0).multiplyAddRate == nil)
    }

    @Test("a launch's bytes are those of its case", .requiresOpenCL)
    func bytes() throws {
        var options = OpenCLBackend.Options()
        (options.profiles, options.fusesLayerNorm) = (true, true)
        let backend = try OpenCLBackend(try #require(TestDevice.first), options: options)
        for operationCase in OperationCases.base where operationCase.operation != .patchEmbedding {
            _ = try operationCase.run(on: backend)
            let found = try backend.takeProfile().reduce(0) { $0 + $1.bytes }
            // Panels and buffers are padded, biases and norms not counted by the case.
            let expected = operationCase.work.bytes
            #expect(
                found > 0.95 * expected && found < 1.05 * expected + 20000, "\(operationCase): \(found), \(expected)")
        }
    }

    @Test(
        "pooling reads the tokens that it pools, not all that it is given", .requiresOpenCL, arguments: [false, true])
    func pooledBytes(isCaptured: Bool) throws {
        var options = OpenCLBackend.Options()
        options.profiles = true
        let backend = try OpenCLBackend(try #require(TestDevice.first), options: options)
        let tokens = try backend.upload(HostTensor([2, 197, 768], [Float](repeating: 1, count: 2 * 197 * 768)))
        if isCaptured {
            let pass = try backend.capture { () throws(OpenCLError) in
                try backend.pool(tokens, .average, over: 0..<1)
            }
            try pass.enqueue(on: backend)
        } else {
            _ = try backend.pool(tokens, .average, over: 0..<1)
        }
        #expect(try backend.takeProfile().map(\.bytes) == [4 * 2 * 2 * 768])
    }

    @Test("a session that does not profile has nothing to tell", .requiresOpenCL)
    func noProfile() throws {
        let session = try TestDevice.demo(on: TestDevice.require())
        #expect(try ModelBenchmark(session, batchSize: 1).profile(runs: 1, warmUp: 0).rows.isEmpty)
    }
}
