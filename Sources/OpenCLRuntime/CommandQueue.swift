import COpenCL

/// An in-order queue of work for one device.
///
/// Commands run one after the other in the order of the calls, so that a kernel sees what the kernel before it wrote,
/// without events. For one thread at a time.
@safe
package final class CommandQueue {
    /// The raw handle; only this target may use it.
    let handle: cl_command_queue
    /// What it belongs to.
    package let context: Context
    /// Whether its events can be asked for times.
    package let isProfiling: Bool

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - context: The device to work on.
    ///   - profiling: Whether events shall know their times; costs a little on some devices.
    package init(_ context: Context, profiling: Bool = false) throws(OpenCLError) {
        try ForkGuard.check()
        var status: cl_int = 0
        let properties = profiling ? cl_command_queue_properties(CL_QUEUE_PROFILING_ENABLE) : 0
        guard
            let handle = unsafe clCreateCommandQueue(context.handle, context.device.handle, properties, &status)
        else { throw OpenCLError(call: "clCreateCommandQueue", status: OpenCLStatus(rawValue: status)) }
        unsafe self.handle = handle
        self.context = context
        isProfiling = profiling
    }

    deinit {
        unsafe clReleaseCommandQueue(handle)
    }

    /// Waits until everything on the queue is done.
    ///
    /// - Throws: `deviceLost` where something on it failed.
    package func finish() throws(OpenCLError) {
        try ForkGuard.check()
        try checkQueue(unsafe clFinish(handle), "clFinish")
    }

    /// Makes the device begin with what is on the queue, without waiting.
    package func flush() throws(OpenCLError) {
        try ForkGuard.check()
        try checkQueue(unsafe clFlush(handle), "clFlush")
    }
}
