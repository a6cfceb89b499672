package import OpenCLRuntime
package import Operations

/// The launches of a pass, each with a kernel of its own whose arguments stay set: enqueued again as often as asked for.
///
/// `Result` holds the tensors that are written before a run and read after it. The memory of a pass is its own, so that
/// runs of different passes may follow each other on the queue in any order; a run allocates nothing.
package final class CapturedPass<Result> {
    /// What the pass was captured with: its inputs and outputs.
    package let tensors: Result
    private let launches: [BoundLaunch]

    fileprivate init(_ tensors: Result, _ launches: [BoundLaunch]) {
        (self.tensors, self.launches) = (tensors, launches)
    }

    /// Puts all launches on the queue of the backend that captured them, and does not wait.
    package func enqueue(on backend: OpenCLBackend) throws(OpenCLError) {
        for launch in launches { try backend.enqueue(launch) }
    }
}

/// What a launch is made of, before its kernel is compiled.
struct LaunchRequest {
    let operation: Operation
    let specialization: Specialization
    let arguments: [OpenCLBackend.Argument]
    let flop: Int
    /// Nil where every buffer is read or written as a whole.
    let knownBytes: Int?
    let global: NDRange
    let local: NDRange?

    /// What must be read and written: each buffer once, even where it is given twice, as a residual added in place is.
    var bytes: Double {
        if let knownBytes { return Double(knownBytes) }
        var seen: Set<ObjectIdentifier> = []
        return arguments.reduce(0) { sum, argument in
            guard case .buffer(let buffer) = argument, seen.insert(ObjectIdentifier(buffer)).inserted else {
                return sum
            }
            return sum + Double(buffer.byteCount)
        }
    }
}

/// A launch that can be repeated: the kernel with its arguments, and the buffers that these name.
final class BoundLaunch {
    let request: LaunchRequest
    let bytes: Double
    var kernel: Kernel

    init(_ request: LaunchRequest, _ kernel: consuming Kernel) throws(OpenCLError) {
        self.request = request
        bytes = request.bytes
        var bound = kernel
        try bound.bind(request.arguments)
        self.kernel = bound
    }
}

extension OpenCLBackend {
    /// Records what a pass launches, compiles all its kernels in one program, and binds them.
    ///
    /// Where a driver that keeps what it compiles had not kept this, the options' `shareCompilation` is told of it.
    ///
    /// Nothing runs yet. Tensors are made in memory of the pass's own; `pass` returns those that matter outside.
    package func capture<Result>(
        _ pass: () throws(OpenCLError) -> Result
    ) throws(OpenCLError) -> CapturedPass<Result> {
        let (tensors, requests) = try recordingLaunches(pass)
        let begin = ContinuousClock.now
        let compiled = try library.compile(requests.map(\.specialization))
        if let shareCompilation, !compiled.isEmpty, ContinuousClock.now - begin > longestReading {
            shareCompilation(KernelCompilation(of: compiled, in: requests, on: profile.device))
        }
        var launches: [BoundLaunch] = []
        for request in requests {
            launches.append(try BoundLaunch(request, try library.newKernel(for: request.specialization)))
        }
        return CapturedPass(tensors, launches)
    }

    /// Compiles what a pass would launch, a few kernels a program, and runs nothing.
    ///
    /// For many small passes that follow: a program costs PoCL a quarter of a second, whatever is in it.
    package func compileKernels(of pass: () throws(OpenCLError) -> Void) throws(OpenCLError) {
        let (_, requests) = try recordingLaunches(pass)
        var specializations: [Specialization] = []
        for request in requests where !specializations.contains(request.specialization) {
            specializations.append(request.specialization)
        }
        // Compiling a kernel reads its whole program: few enough that this costs less than programs do.
        for first in stride(from: 0, to: specializations.count, by: 12) {
            try library.compile(Array(specializations[first..<min(first + 12, specializations.count)]))
        }
    }

    /// A tensor that a captured pass reads, for pictures as bytes or for values.
    package func emptyTensor(_ shape: Shape, ofBytes isBytes: Bool) throws(OpenCLError) -> DeviceTensor {
        try DeviceTensor(shape, isBytes ? .uint8 : .float32, from: pool)
    }
}

extension Kernel {
    /// Sets all arguments.
    mutating func bind(_ arguments: [OpenCLBackend.Argument]) throws(OpenCLError) {
        for (index, argument) in arguments.enumerated() {
            switch argument {
            case .buffer(let buffer): try setArgument(index, buffer)
            case .unused: try setNullArgument(index)
            case .int(let value): try setArgument(index, Int32(value))
            case .float(let value): try setArgument(index, value)
            case .float4(let value): try setArgument(index, value)
            }
        }
    }
}
