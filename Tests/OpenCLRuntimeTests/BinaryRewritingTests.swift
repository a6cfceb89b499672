import OpenCLRuntime
import Synchronization
import Testing

@Suite("A binary that is changed before it runs", .tags(.device), .requiresOpenCL, .serialized)
struct BinaryRewritingTests {
    /// What the driver makes of a source, by way of a change that changes nothing.
    private func binary(of source: String, _ context: Context) throws -> [UInt8] {
        let seen = Mutex<[UInt8]>([])
        let rewriting = BinaryRewriting(name: "none", localMemory: 0) { (binary) throws(OpenCLError) in
            seen.withLock { $0 = binary }
            return binary
        }
        let program = try Program(context, source: source, rewriting: rewriting)
        #expect(try VectorAdd.run(program).count == 1003)
        return seen.withLock { $0 }
    }

    @Test("is what computes, and what the cache keeps under a key of its own")
    func rewritten() throws {
        let context = try Context(TestDevice.require())
        let directory = try TemporaryDirectory()
        let cache = ProgramCache(directory: directory.path, engineVersion: "1")
        let other = VectorAdd.source.replacing("fma(scale, b[i], a[i])", with: "-a[i]")
        let sum = try binary(of: VectorAdd.source, context)
        let calls = Mutex(0)
        let rewriting = BinaryRewriting(name: "another program", localMemory: 0) { (_) throws(OpenCLError) in
            calls.withLock { $0 += 1 }
            return sum
        }
        for origin in [Program.Origin.source, .cache] {
            let program = try Program(context, source: other, cache: cache, rewriting: rewriting)
            #expect(program.origin == origin)
            #expect(try VectorAdd.run(program) == VectorAdd.expected())
        }
        #expect(calls.withLock { $0 } == 1)
        let plain = try Program(context, source: other, cache: cache)
        #expect(plain.origin == .source)
        #expect(try VectorAdd.run(plain) == (0..<1003).map { -Float($0) })
    }

    @Test("that cannot be changed, or that the driver refuses, is an error, and the cache keeps nothing")
    func refused() throws {
        let context = try Context(TestDevice.require())
        let directory = try TemporaryDirectory()
        let cache = ProgramCache(directory: directory.path, engineVersion: "1")
        let refusing = BinaryRewriting(name: "refusing", localMemory: 0) { (_) throws(OpenCLError) in
            throw OpenCLError(.buildFailure, "line 7 does not fit")
        }
        let error = try #require(throws: OpenCLError.self) {
            _ = try Program(context, source: VectorAdd.source, cache: cache, rewriting: refusing)
        }
        #expect(error.kind == .buildFailure && "\(error)" == "line 7 does not fit.")
        let breaking = BinaryRewriting(name: "breaking", localMemory: 0) { (_) throws(OpenCLError) in
            Array("not a binary of any driver".utf8)
        }
        #expect(throws: OpenCLError.self) {
            _ = try Program(context, source: VectorAdd.source, cache: cache, rewriting: breaking)
        }
        #expect(Files.names(in: cache.directory).isEmpty)
    }

    /// The device's own limit holds for all other programs: `LaunchTests`.
    @Test("may take local memory of which the device does not tell")
    func localMemory() throws {
        let context = try Context(TestDevice.require())
        let bytes = context.device.localMemory + 4096
        let source = "__kernel void f(__global int *y, __local int *scratch) { scratch[0] = 1; y[0] = scratch[0]; }"
        let rewriting = BinaryRewriting(name: "more", localMemory: bytes - 1) { (binary) throws(OpenCLError) in binary }
        var kernel = try Kernel(Program(context, source: source, rewriting: rewriting), "f")
        let y = try Buffer(context, byteCount: 4)
        try kernel.setArgument(0, y)
        guard (try? kernel.setArgument(1, localBytes: bytes)) != nil else { return }  // the driver refuses first
        let queue = try CommandQueue(context)
        let error = try #require(throws: OpenCLError.self) { try queue.launch(kernel, global: [1], local: [1]) }
        #expect("\(error)".contains("\(bytes) bytes of local memory") && "\(error)".contains(" \(bytes - 1)"))
    }
}
