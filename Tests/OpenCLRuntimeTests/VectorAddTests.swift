import OpenCLRuntime
import Testing

@Suite(.tags(.device), .requiresOpenCL, .serialized)
struct VectorAddTests {
    static let source = """
        __kernel void add(__global const float *a, __global const float *b, __global float *sum, int count, float scale) {
          const int i = get_global_id(0);
          if (i < count) sum[i] = fma(scale, b[i], a[i]);
        }
        """

    @Test("A kernel computes what it says, in driver memory and in guarded memory", arguments: [true, false])
    func endToEnd(guarded: Bool) throws {
        let count = 1003
        let context = try Context(TestDevice.require(), placement: guarded ? .guarded : .device)
        let queue = try CommandQueue(context)
        let program = try Program(context, source: Self.source, options: "-cl-std=CL1.2")
        var kernel = try Kernel(program, "add")
        let a = try Buffer(context, byteCount: 4 * count)
        let b = try Buffer(context, byteCount: 4 * count)
        let sum = try Buffer(context, byteCount: 4 * count)
        try queue.write((0..<count).map(Float.init), to: a)
        try queue.write((0..<count).map { Float($0) / 4 }, to: b)
        try queue.fill(sum, with: Float.nan)
        try kernel.setArgument(0, a)
        try kernel.setArgument(1, b)
        try kernel.setArgument(2, sum)
        try kernel.setArgument(3, Int32(count))
        try kernel.setArgument(4, Float(2))
        try queue.launch(kernel, global: NDRange(count).rounded(upTo: [64]), local: [64])
        #expect(try queue.read(Float.self, count: count, from: sum) == (0..<count).map { Float($0) * 1.5 })
    }
}
