import Glibc
import OpenCLRuntime
import Testing

/// The layer of `Tests/Fixtures/OpenCLRuntime/FaultLayer.c`, compiled and put between us and the driver.
struct FaultLayer {
    private let set: @convention(c) (UnsafePointer<CChar>, Int32, Int32) -> Void
    private let hits: @convention(c) () -> Int32
    private let liveObjects: @convention(c) () -> Int32

    private static let source =
        #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
        + "/Fixtures/OpenCLRuntime/FaultLayer.c"

    /// Compiles the layer into a directory; false where there is no C compiler or no layer header.
    static func compile(into directory: String) -> Bool {
        ["clang", "cc"].contains { compiler in
            run([compiler, "-shared", "-fPIC", "-O1", "-w", "-o", directory + "/FaultLayer.so", source]) == 0
        }
    }

    /// Puts the layer in place; must come before the process's first OpenCL call.
    init?(in directory: String) {
        let path = directory + "/FaultLayer.so"
        setenv("OPENCL_LAYERS", path, 1)
        guard let library = dlopen(path, RTLD_NOW), let set = dlsym(library, "fault_layer_set"),
            let hits = dlsym(library, "fault_layer_hits"),
            let liveObjects = dlsym(library, "fault_layer_live_objects")
        else { return nil }
        self.set = unsafeBitCast(set, to: (@convention(c) (UnsafePointer<CChar>, Int32, Int32) -> Void).self)
        self.hits = unsafeBitCast(hits, to: (@convention(c) () -> Int32).self)
        self.liveObjects = unsafeBitCast(liveObjects, to: (@convention(c) () -> Int32).self)
    }

    /// Lets the n-th call of a function from now on fail.
    func inject(_ status: Int32, in function: String, call: Int) { set(function, Int32(call), status) }

    /// Whether the injected failure has been met.
    var wasHit: Bool { hits() > 0 }

    /// Objects created and not yet released, memory mapped and not yet unmapped.
    var live: Int { Int(liveObjects()) }

    private static func run(_ command: [String]) -> Int32 {
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        guard posix_spawnp(&child, command[0], nil, nil, &arguments, environ) == 0 else { return -1 }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        return status
    }
}

/// Every call of the runtime fails once, at every place where it is made.
@Suite(.tags(.device), .requiresOpenCL, .serialized)
struct FaultTests {
    /// What a function answers, and what the runtime must make of it; nil where it must get by without.
    static let faults: [(function: String, status: Int32, kind: OpenCLError.Kind?)] = [
        ("clGetPlatformIDs", -1001, .noPlatform), ("clGetPlatformInfo", -6, .outOfMemory),
        ("clGetDeviceIDs", -1, .noDevice), ("clGetDeviceInfo", -33, .other),
        ("clCreateContext", -2, .noDevice), ("clCreateCommandQueue", -6, .outOfMemory),
        ("clCreateBuffer", -4, .outOfMemory), ("clCreateBuffer", -5, .outOfMemory),
        ("clSetMemObjectDestructorCallback", -6, .outOfMemory),
        ("clCreateProgramWithSource", -6, .outOfMemory), ("clBuildProgram", -11, .buildFailure),
        ("clGetProgramInfo", -6, nil), ("clCreateProgramWithBinary", -42, nil), ("clCreateKernel", -46, .other),
        ("clGetKernelWorkGroupInfo", -6, .outOfMemory), ("clSetKernelArg", -49, .other),
        ("clEnqueueWriteBuffer", -4, .outOfMemory), ("clEnqueueFillBuffer", -5, .deviceLost),
        ("clEnqueueNDRangeKernel", -5, .deviceLost), ("clEnqueueNDRangeKernel", -54, .other),
        ("clEnqueueReadBuffer", -9999, .deviceLost), ("clFinish", -36, .deviceLost), ("clFinish", -5, .deviceLost),
        ("clWaitForEvents", -14, .deviceLost), ("clGetEventInfo", -6, .outOfMemory),
        ("clGetEventProfilingInfo", -7, .other), ("clEnqueueMapBuffer", -12, .other),
        ("clEnqueueMapBuffer", -4, .outOfMemory), ("clEnqueueUnmapMemObject", -5, nil),
        ("clEnqueueCopyBuffer", -4, .outOfMemory), ("clEnqueueCopyBuffer", -14, .deviceLost),
        ("clFlush", -36, .deviceLost),
    ]

    /// Uses everything that the runtime has, once.
    static func useEverything(cache: ProgramCache) throws {
        guard let device = try Device.discover().first else { return }
        let context = try Context(device, placement: .guarded)
        let program = try Program(context, source: VectorAdd.source, cache: cache)
        guard try VectorAdd.run(program, count: 64) == VectorAdd.expected(count: 64) else { exit(3) }
        let queue = try CommandQueue(context, profiling: true)
        let kernel = try Kernel(Program(context, source: "__kernel void nothing(void) {}", cache: cache), "nothing")
        let event = try queue.launchWithEvent(kernel, global: [1])
        _ = try event.times()
        try queue.finish()
        try usePinnedMemory(queue)
    }

    /// Sends bytes to a device and back as the lanes of passes do: by a second queue, without waiting.
    private static func usePinnedMemory(_ queue: CommandQueue) throws {
        let transfers = try CommandQueue(queue.context)
        let (landing, buffer) = (try Buffer(queue.context, byteCount: 64), try Buffer(queue.context, byteCount: 64))
        let (outgoing, incoming) = (
            try PinnedMemory(transfers, byteCount: 64), try PinnedMemory(transfers, byteCount: 64)
        )
        for index in 0..<64 { outgoing.bytes[index] = UInt8(index) }
        do {
            try transfers.write(0..<16, of: outgoing, to: landing)
            let arrival = try transfers.writeWithEvent(16..<64, of: outgoing, to: landing)
            try transfers.flush()
            try queue.copy(from: landing, to: buffer, byteCount: 64, after: arrival)
            let answer = try queue.readWithEvent(from: buffer, into: 0..<64, of: incoming)
            try queue.flush()
            try answer.wait()
            guard incoming.bytes.elementsEqual(0..<64) else { exit(4) }
        } catch {
            // The memory must stay until nothing uses it.
            try? transfers.finish()
            try? queue.finish()
            throw error
        }
    }

    /// Lets one call fail, and says what was wrong with the answer.
    static func complaint(
        _ fault: (function: String, status: Int32, kind: OpenCLError.Kind?), call: Int, _ layer: FaultLayer,
        cache: ProgramCache
    ) -> String? {
        layer.inject(fault.status, in: fault.function, call: call)
        do {
            try useEverything(cache: cache)
            if layer.wasHit && fault.kind != nil { return "went unnoticed" }
        } catch let error as OpenCLError {
            guard layer.wasHit else { return "failed without a fault: \(error)" }
            guard error.kind == fault.kind else { return "became \(error.kind): \(error)" }
            guard error.call == fault.function, error.status?.rawValue == fault.status else { return "told: \(error)" }
        } catch {
            return "threw \(error)"
        }
        return layer.live == 0 ? nil : "left \(layer.live) objects alive"
    }

    /// Lets each call of a function fail in turn, and says what was wrong with an answer; nil where nothing was.
    static func complaint(
        _ fault: (function: String, status: Int32, kind: OpenCLError.Kind?), _ layer: FaultLayer, directory: String
    ) -> String? {
        var hits = 0
        for isWarm in [false, true] {
            var fault = fault
            // A binary that does not build is replaced by its source.
            if isWarm && fault.function == "clBuildProgram" { fault.kind = nil }
            for call in 1..<200 {
                let version = isWarm ? "warm" : "\(fault.function) \(call)"
                let cache = ProgramCache(directory: directory, engineVersion: version)
                if let complaint = complaint(fault, call: call, layer, cache: cache) {
                    return "call \(call) \(complaint)"
                }
                guard layer.wasHit else { break }
                hits += 1
            }
        }
        return hits == 0 ? "it is never called" : nil
    }

    @Test("Each call that fails is an error of the right kind, leaks nothing, and the next attempt works")
    func everyCall() async throws {
        let directory = try TemporaryDirectory()
        guard FaultLayer.compile(into: directory.path) else {
            try Test.cancel("no C compiler, or no CL/cl_layer.h")
        }
        let path = directory.path
        try Self.useEverything(cache: ProgramCache(directory: path, engineVersion: "warm"))
        for index in Self.faults.indices {
            // A process for each, because devices are found once in a process.
            let result = await #expect(
                processExitsWith: .success, observing: [\.standardOutputContent], "\(Self.faults[index])"
            ) { [path = path as String, index = index as Int] in
                guard let layer = FaultLayer(in: path) else { exit(1) }
                print(Self.complaint(Self.faults[index], layer, directory: path) ?? "all well")
            }
            let answer = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
            #expect(answer.contains("all well"), "\(Self.faults[index]): \(answer)")
        }
    }
}
