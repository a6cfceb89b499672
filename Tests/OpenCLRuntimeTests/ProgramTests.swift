import OpenCLRuntime
import Testing

@Suite(.tags(.device), .requiresOpenCL, .serialized)
struct ProgramTests {
    @Test("A kernel computes what it says", arguments: [Context.BufferPlacement.device, .guarded], [1, 64, 1003])
    func endToEnd(placement: Context.BufferPlacement, count: Int) throws {
        let context = try Context(TestDevice.require(), placement: placement)
        let program = try Program(context, source: VectorAdd.source, options: "-cl-std=CL1.2")
        #expect(program.origin == .source)
        #expect(try VectorAdd.run(program, count: count) == VectorAdd.expected(count: count))
    }

    @Test("A program that does not compile throws with the compiler's log")
    func buildLog() throws {
        let context = try Context(TestDevice.require())
        let error = try #require(throws: OpenCLError.self) {
            try Program(context, source: "__kernel void f(void) { undeclared_name = 1; }", options: "-DTILE=8")
        }
        #expect(error.kind == .buildFailure)
        #expect(error.call == "clBuildProgram")
        #expect(error.buildLog?.contains("undeclared_name") == true)
        #expect("\(error)".contains("-DTILE=8") && "\(error)".contains(context.device.name))
    }

    @Test("A kernel that is not in the program is an error that names it")
    func unknownKernel() throws {
        let program = try Program(Context(TestDevice.require()), source: VectorAdd.source)
        let error = try #require(throws: OpenCLError.self) { _ = try Kernel(program, "subtract") }
        #expect(error.status?.name == "CL_INVALID_KERNEL_NAME")
        #expect("\(error)".contains("subtract"))
    }

    @Test("Arguments that do not fit are errors that name kernel and place")
    func wrongArguments() throws {
        let program = try Program(Context(TestDevice.require()), source: VectorAdd.source)
        var kernel = try Kernel(program, "add")
        let error = try #require(throws: OpenCLError.self) { try kernel.setArgument(9, Int32(1)) }
        #expect(error.status?.name == "CL_INVALID_ARG_INDEX")
        #expect("\(error)".contains("Argument 9 of kernel 'add'"))
        let size = try #require(throws: OpenCLError.self) { try kernel.setArgument(3, UInt64(1)) }
        #expect(size.status?.name == "CL_INVALID_ARG_SIZE")
    }

    @Test("Every type of argument arrives")
    func argumentTypes() throws {
        let context = try Context(TestDevice.require())
        let source = """
            __kernel void f(__global float *out, __global const float *none, int i, uint u, ulong l, float x, float4 v,
                            __local float *scratch) {
              const int id = get_local_id(0);
              scratch[id] = 10 * id;
              barrier(CLK_LOCAL_MEM_FENCE);
              if (get_global_id(0) == 0) {
                out[0] = none == 0; out[1] = i; out[2] = u == 0xFFFFFFFFu; out[3] = l >> 32; out[4] = x;
                vstore4(v, 0, out + 5);
                out[9] = scratch[3];
              }
            }
            """
        var kernel = try Kernel(Program(context, source: source), "f")
        let out = try Buffer(context, byteCount: 40)
        try kernel.setArgument(0, out)
        try kernel.setNullArgument(1)
        try kernel.setArgument(2, Int32(-7))
        try kernel.setArgument(3, UInt32.max)
        try kernel.setArgument(4, UInt64(5) << 32)
        try kernel.setArgument(5, Float(0.5))
        try kernel.setArgument(6, SIMD4<Float>(1, 2, 3, 4))
        try kernel.setArgument(7, localBytes: 16)
        let queue = try CommandQueue(context)
        try queue.launch(kernel, global: [4], local: [4])
        #expect(try queue.read(count: 10, from: out) == [1, -7, 1, 5, 0.5, 1, 2, 3, 4, 30] as [Float])
    }
}
