// The operations of ViT-B/16, one picture, on a device and on the CPU reference:
//
//     swift package --package-path Benchmarks benchmark
//     FOVEA_DEVICE=opencl:0 swift package --package-path Benchmarks benchmark --filter "linear.*"
//
// FOVEA_DEVICE takes what `fovea --device` takes; without it the device is the one that `fovea` would choose.

import Benchmark
import FoundationEssentials
import Fovea
import Operations

/// What the benchmark tool calls to learn of the benchmarks.
let benchmarks: @Sendable () -> Void = {
    do {
        try register(ReferenceBackend(), "reference")
        let (backend, deviceName) = try OperationBackend.open(
            ProcessInfo.processInfo.environment["FOVEA_DEVICE"] ?? "auto")
        if !(backend is ReferenceBackend) { try register(backend, deviceName) }
    } catch {
        // A failed benchmark is the tool's only way to say that something is wrong.
        Benchmark("device") { benchmark in benchmark.error("\(error)") }
    }
}

private func register(_ backend: some Backend, _ deviceName: String) throws {
    try OperationBenchmark.registerAll(on: backend, deviceName: deviceName)
}
