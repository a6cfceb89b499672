import OpenCLRuntime

/// A small program with a known answer: `sum[i] = a[i] + scale · b[i]`.
enum VectorAdd {
    static let source = """
        __kernel void add(__global const float *a, __global const float *b, __global float *sum, int count, float scale) {
          const int i = get_global_id(0);
          if (i < count) sum[i] = fma(scale, b[i], a[i]);
        }
        """

    /// Runs it, over bounds if asked to, and gives the sums of i and i/4 with scale 2.
    static func run(
        _ program: Program, count: Int = 1003, computing computed: Int? = nil
    ) throws -> [Float] {
        let context = program.context
        let queue = try CommandQueue(context)
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
        try kernel.setArgument(3, Int32(computed ?? count))
        try kernel.setArgument(4, Float(2))
        try queue.launch(kernel, global: NDRange(computed ?? count).rounded(upTo: [64]), local: [64])
        return try queue.read(count: count, from: sum)
    }

    /// What `run` must give.
    static func expected(count: Int = 1003) -> [Float] {
        (0..<count).map { Float($0) * 1.5 }
    }
}
