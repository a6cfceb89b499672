import OpenCLRuntime
import OperationCases
import Operations
import Synchronization
import Testing

@testable import OpenCLOperations

@Suite("Kernels that another process may compile", .requiresOpenCL, .serialized)
struct KernelCompilationTests {
    /// Captures a product after a norm, attention, and pooling, which the driver cuts into groups.
    private func capture(on backend: OpenCLBackend) throws {
        var random = SeededGenerator(seed: 7)
        let norm = try backend.prepare(
            LayerNormParameters(scale: random.values(64, mean: 1), shift: random.values(64), epsilon: 1e-6))
        let linear = try backend.prepare(LinearParameters(weight: random.tensor([192, 64], deviation: 0.2)))
        _ = try backend.capture { () throws(OpenCLError) in
            let x = try backend.emptyTensor([2, 9, 64], ofBytes: false)
            let attended = try backend.attention(backend.linear(x, linear, after: norm), heads: 2, scale: 0.25)
            return try backend.pool(attended, .average, over: 1..<9)
        }
    }

    /// What is told of two captures on a backend that takes everything for compiled.
    private func told() throws -> [KernelCompilation] {
        let told = Mutex<[KernelCompilation]>([])
        var options = OpenCLBackend.Options()
        options.shareCompilation = { compilation in told.withLock { $0.append(compilation) } }
        let backend = try OpenCLBackend(try #require(TestDevice.first), options: options)
        backend.longestReading = .zero
        for _ in 0..<2 { try capture(on: backend) }
        return told.withLock { $0 }
    }

    private var mayHelp: Bool {
        guard let device = TestDevice.first else { return false }
        return device.computeUnits > 1 && Quirk.matching(device).contains(.driverKeepsPrograms)
    }

    @Test("what is compiled is shared once, in the order of launches, where that can help")
    func shared() throws {
        let told = try told()
        try #require(told.count == (mayHelp ? 1 : 0))
        guard let compilation = told.first else { return }
        let kernels = compilation.launches.map(\.specialization.kernel)
        #expect(kernels.first?.hasPrefix("l") == true && kernels.last == "pooling", "\(kernels)")
        #expect(kernels.contains { $0.hasPrefix("attention") })
        #expect(Set(compilation.launches).count == kernels.count)
        #expect(compilation.launches.allSatisfy { !$0.arguments.isEmpty })
    }

    @Test("each is launched, with groups that stay within memory as large as its buffers")
    func compile() throws {
        guard let compilation = try told().first else { return }
        var options = OpenCLBackend.Options()
        options.placement = .guarded
        let backend = try OpenCLBackend(try #require(TestDevice.first), options: options)
        var asked = 0
        try backend.compile(compilation) {
            asked += 1
            return true
        }
        #expect(asked == compilation.launches.count)
    }

    @Test("a launch that lacks an argument is an error")
    func lackingArgument() throws {
        let device = try #require(TestDevice.first)
        let backend = try OpenCLBackend(device)
        let launch = KernelCompilation.Launch(
            Specialization("softmax", ["WIDTH": 8, "GROUP": 1]), arguments: [.buffer(256)], global: [8], local: [1])
        #expect(throws: OpenCLError.self) {
            try backend.compile(KernelCompilation(device: device.index, launches: [launch])) { true }
        }
    }
}
