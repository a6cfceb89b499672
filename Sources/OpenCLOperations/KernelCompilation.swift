package import OpenCLRuntime

/// The kernels of a pass and how each is launched, without any data: all that another process needs to compile them into
/// a cache that a driver's processes share.
///
/// PoCL compiles a kernel when it is first launched, one at a time in a process; a second process has a lock of its own.
package struct KernelCompilation: Sendable, Hashable {
    /// What a kernel gets, in place of it.
    package enum Argument: Sendable, Hashable {
        /// Memory of so many bytes.
        case buffer(Int)
        /// A pointer that the kernel does not read.
        case unused
        /// A number, most often of rows or tokens.
        case int(Int)
        /// Any number.
        case float
        /// Any four numbers.
        case float4
    }

    /// A kernel and its first launch.
    package struct Launch: Sendable, Hashable {
        /// The kernel.
        package let specialization: Specialization
        /// What it gets.
        package let arguments: [Argument]
        /// Work-items in all.
        package let global: NDRange
        /// Work-items of a group; nil where the driver cuts the range.
        package let local: NDRange?

        /// Makes a launch of its parts.
        package init(
            _ specialization: Specialization, arguments: [Argument], global: NDRange, local: NDRange?
        ) {
            (self.specialization, self.arguments) = (specialization, arguments)
            (self.global, self.local) = (global, local)
        }
    }

    /// The device, by its number.
    package let device: Int
    /// The kernels of one program in their order in it, which is that of their first launches.
    package let launches: [Launch]

    /// Makes a compilation of its parts.
    package init(device: Int, launches: [Launch]) {
        (self.device, self.launches) = (device, launches)
    }

    /// The kernels among a pass's launches that were compiled for it.
    init(of compiled: [Specialization], in requests: [LaunchRequest], on device: Device) {
        self.init(
            device: device.index,
            launches: compiled.compactMap { specialization in
                requests.first { $0.specialization == specialization }.map(Launch.init)
            })
    }
}

extension KernelCompilation.Launch {
    fileprivate init(_ request: LaunchRequest) {
        self.init(
            request.specialization,
            arguments: request.arguments.map { argument in
                switch argument {
                case .buffer(let buffer): .buffer(buffer.byteCount)
                case .unused: .unused
                case .int(let value): .int(value)
                case .float: .float
                case .float4: .float4
                }
            },
            global: request.global, local: request.local)
    }

    /// Whether little runs, and what is compiled for that is what the whole range runs: PoCL 3.1 compiles apart for ranges
    /// wider than 65,534 (its `pocl_cache.c`).
    fileprivate var isWorthwhile: Bool {
        max(global.x, global.y, global.z) < Int(UInt16.max) && (local != nil || global.count <= 1 << 14)
    }

    /// Bytes of its largest buffer.
    fileprivate var largestBuffer: Int {
        arguments.reduce(1) { if case .buffer(let byteCount) = $1 { max($0, byteCount) } else { $0 } }
    }

    /// Arguments that keep it within a buffer as large as its largest.
    fileprivate func arguments(in memory: Buffer) -> [OpenCLBackend.Argument] {
        arguments.map { argument in
            switch argument {
            case .buffer: .buffer(memory)
            case .unused: .unused
            case .int(let value): .int(value)
            case .float: .float(0)
            case .float4: .float4(.zero)
            }
        }
    }
}

extension OpenCLBackend {
    /// Compiles the kernels of another process's pass, the last first, for that process begins with the first: each is
    /// launched with a single group, on memory that holds nothing in particular.
    ///
    /// - Parameter goesOn: Asked before each kernel.
    package func compile(_ compilation: KernelCompilation, while goesOn: () -> Bool) throws(OpenCLError) {
        let launches = compilation.launches
        try library.compile(launches.map(\.specialization))
        let memory = try Buffer(queue.context, byteCount: launches.map(\.largestBuffer).max() ?? 1)
        for launch in launches.reversed() where launch.isWorthwhile && goesOn() {
            var kernel = try library.newKernel(for: launch.specialization)
            try kernel.bind(launch.arguments(in: memory))
            // How a driver cuts a range depends on all of it.
            try queue.launch(kernel, global: launch.local ?? launch.global, local: launch.local)
            try finish()
        }
    }
}
