package import OpenCLRuntime

/// Launches of `fma_rate.cl`: how many multiply-adds a device does at this moment.
///
/// Each lasts some milliseconds, so that its start and end do not matter.
package final class FMAProbe {
    private static let shortestLaunch = 0.004

    private let queue: CommandQueue
    private let kernel: Kernel
    /// Kept alive for the kernel, which retains no argument.
    private let buffers: [Buffer]
    private let (items, group): (Int, Int)
    /// Floating-point operations of a launch.
    private let flop: Double

    /// Builds the kernel and finds how many steps last long enough.
    ///
    /// - Parameter cache: Where compiled programs are kept; nil for nowhere.
    /// - Throws: Where the device fails.
    package init(_ device: Device, cache: ProgramCache?) throws(OpenCLError) {
        queue = try CommandQueue(try Context(device), profiling: true)
        let tuning = RooflineTuning(for: device)
        (items, group) = (device.computeUnits * RooflineTuning.groupsPerUnit * tuning.group, tuning.group)
        var kernel = try KernelLibrary(queue.context, cache: cache)
            .newKernel(for: Specialization("fma_rate", tuning.fmaDefines))
        let (x, y) = (try Buffer(queue.context, byteCount: 12), try Buffer(queue.context, byteCount: items * 4))
        buffers = [x, y]
        try queue.write([0.999, 0.001, 0.5] as [Float], to: x)
        try kernel.setArgument(0, x)
        try kernel.setArgument(1, y)
        var steps = 64
        while true {
            try kernel.setArgument(2, Int32(steps))
            // The shortest of some, for a launch that something else delays would end the search too early.
            var time = Double.infinity
            for _ in 0..<4 { time = min(time, try queue.seconds(of: kernel, items: items, group: group)) }
            guard time < Self.shortestLaunch, steps < 1 << 24 else { break }
            steps *= 2
        }
        self.kernel = kernel
        flop = Double(2 * items * RooflineTuning.unroll * tuning.chains * tuning.vector) * Double(steps)
    }

    /// Launches once: operations a second, a multiply-add as two.
    package func flopPerSecond() throws(OpenCLError) -> Double {
        flop / (try queue.seconds(of: kernel, items: items, group: group))
    }
}

extension CommandQueue {
    /// How long a launch takes that is waited for.
    func seconds(of kernel: borrowing Kernel, items: Int, group: Int) throws(OpenCLError) -> Double {
        let time = try launchWithEvent(kernel, global: [items], local: [group]).times().duration
        return Double(max(time, 1)) * 1e-9
    }
}
