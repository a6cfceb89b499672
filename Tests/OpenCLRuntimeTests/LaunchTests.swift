import Glibc
import OpenCLRuntime
import Testing

@Suite(.tags(.device), .requiresOpenCL, .serialized)
struct LaunchTests {
    let context: Context
    let queue: CommandQueue
    let program: Program

    init() throws {
        context = try Context(TestDevice.require())
        queue = try CommandQueue(context, profiling: true)
        program = try Program(
            context,
            source: """
                __kernel void dynamic(__local float *scratch, __global float *out) {
                  scratch[get_local_id(0)] = get_global_id(0);
                  barrier(CLK_LOCAL_MEM_FENCE);
                  out[get_global_id(0)] = scratch[0];
                }
                __kernel __attribute__((reqd_work_group_size(8, 2, 1))) void demanding(__global float *out) {
                  __local float tile[64];
                  tile[get_local_id(0)] = 1;
                  barrier(CLK_LOCAL_MEM_FENCE);
                  out[get_global_id(1) * get_global_size(0) + get_global_id(0)] = tile[0];
                }
                __kernel void spin(__global float *out) {
                  float x = get_global_id(0);
                  for (int i = 0; i < 10000; ++i) x = fma(x, 0.999f, 1.0f);
                  out[get_global_id(0)] = x;
                }
                """)
    }

    @Test("Too much local memory is refused before the driver sees it")
    func localMemory() throws {
        var kernel = try Kernel(program, "dynamic")
        let out = try Buffer(context, byteCount: 256)
        try kernel.setArgument(1, out)
        let limit = context.device.localMemory
        if (try? kernel.setArgument(0, localBytes: limit + 4)) != nil {
            #expect(kernel.localMemory > limit)
            let error = try #require(throws: OpenCLError.self) { try queue.launch(kernel, global: [64], local: [64]) }
            #expect("\(error)".contains("\(limit)") && "\(error)".contains("'dynamic'") && error.call == nil)
        }
        try kernel.setArgument(0, localBytes: 256)
        try queue.launch(kernel, global: [64], local: [64])
        try queue.finish()
    }

    @Test("Work-groups that cannot be are refused before the driver sees them")
    func workGroups() throws {
        var kernel = try Kernel(program, "dynamic")
        let limit = kernel.maximumWorkGroupSize
        let out = try Buffer(context, byteCount: 4 * (2 * limit + 16))
        try kernel.setArgument(0, localBytes: 4)
        try kernel.setArgument(1, out)
        #expect(limit >= 1 && limit <= context.device.maximumWorkGroupSize)
        for (global, local, word) in [
            (NDRange(2 * limit), NDRange(2 * limit), "too large"),
            (NDRange(17), NDRange(4), "does not divide"),
            (NDRange(8, 5), NDRange(2, 2), "does not divide"),
        ] {
            let error = try #require(throws: OpenCLError.self) {
                try queue.launch(kernel, global: global, local: local)
            }
            #expect("\(error)".contains(word) && error.call == nil)
        }
    }

    @Test("A work-group size that the source demands is known and held")
    func requiredSize() throws {
        var kernel = try Kernel(program, "demanding")
        #expect(kernel.requiredWorkGroupSize == [8, 2, 1])
        #expect(kernel.staticLocalMemory >= 256)
        let out = try Buffer(context, byteCount: 4 * 64)
        try kernel.setArgument(0, out)
        #expect(throws: OpenCLError.self) { try queue.launch(kernel, global: [16, 4], local: [4, 4]) }
        try queue.launch(kernel, global: [16, 4], local: [8, 2])
        #expect(try queue.read(count: 64, from: out) == [Float](repeating: 1, count: 64))
    }

    @Test("An event tells when a kernel was queued, begun and ended")
    func events() throws {
        var kernel = try Kernel(program, "spin")
        let out = try Buffer(context, byteCount: 4 * 64)
        try kernel.setArgument(0, out)
        let event = try queue.launchWithEvent(kernel, global: [64])
        let times = try event.times()
        #expect(times.queued <= times.submitted && times.submitted <= times.started && times.started < times.ended)
        #expect(times.duration == times.ended - times.started && times.duration > 1000)
        let second = try queue.launchWithEvent(kernel, global: [64])
        #expect(try second.times().started >= times.ended)
    }

    @Test("A queue without profiling has events without times")
    func eventsWithoutProfiling() throws {
        let queue = try CommandQueue(context)
        var kernel = try Kernel(program, "spin")
        let out = try Buffer(context, byteCount: 4 * 64)
        try kernel.setArgument(0, out)
        let event = try queue.launchWithEvent(kernel, global: [64])
        try event.wait()
        let error = try #require(throws: OpenCLError.self) { _ = try event.times() }
        #expect("\(error)".contains("profiling"))
    }

    @Test("An empty launch is a mistake of ours and traps")
    func emptyLaunch() async {
        await #expect(processExitsWith: .failure) {
            do {
                let context = try Context(TestDevice.require())
                let kernel = try Kernel(Program(context, source: "__kernel void f(void) {}"), "f")
                try CommandQueue(context).launch(kernel, global: [0])
            } catch {
                exit(EXIT_SUCCESS)
            }
        }
    }
}
