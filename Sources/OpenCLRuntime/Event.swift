import COpenCL

/// One command that was put on a queue: to be waited for, and asked for its times.
@safe
package struct Event: ~Copyable {
    /// The raw handle; only this target may use it.
    let handle: cl_event
    private let hasTimes: Bool

    /// Takes over what a call has put in its event argument.
    ///
    /// - Parameters:
    ///   - handle: Nil only where the driver breaks its word.
    ///   - hasTimes: Whether the queue keeps times.
    init(owning handle: cl_event?, hasTimes: Bool) throws(OpenCLError) {
        guard let handle = unsafe handle else {
            throw OpenCLError(.other, "The driver took a command and gave no event for it")
        }
        unsafe self.handle = handle
        self.hasTimes = hasTimes
    }

    deinit {
        unsafe clReleaseEvent(handle)
    }

    /// Waits until the command is done.
    ///
    /// - Throws: `deviceLost` where the command failed.
    package func wait() throws(OpenCLError) {
        var handle: cl_event? = unsafe handle
        let answer = unsafe clWaitForEvents(1, &handle)
        // −14 says only that the command failed; its own status says how.
        if answer != CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST { try checkQueue(answer, "clWaitForEvents") }
        var status: cl_int = 0
        try check(
            unsafe clGetEventInfo(
                self.handle, cl_event_info(bitPattern: CL_EVENT_COMMAND_EXECUTION_STATUS), MemoryLayout<cl_int>.size,
                &status, nil), "clGetEventInfo")
        let failure = status < 0 ? status : answer
        guard failure < 0 else { return }
        throw OpenCLError(
            call: "clWaitForEvents", status: OpenCLStatus(rawValue: failure), kind: .deviceLost,
            context: "A command ended abnormally", nextStep: "The device failed; open it again, or choose another one")
    }

    /// Times of a command, in nanoseconds of the device's clock.
    package struct Times: Sendable, Hashable {
        /// When the host put it on the queue.
        package let queued: UInt64
        /// When the queue gave it to the device.
        package let submitted: UInt64
        /// When the device began it.
        package let started: UInt64
        /// When the device ended it.
        package let ended: UInt64

        /// Nanoseconds that the device worked on it.
        package var duration: UInt64 { ended >= started ? ended - started : 0 }
    }

    /// Waits for the command and tells its times.
    ///
    /// - Throws: `deviceLost` where the command failed, `other` where the queue was made without `profiling`.
    package func times() throws(OpenCLError) -> Times {
        guard hasTimes else {
            throw OpenCLError(
                .other, "A queue without profiling keeps no times", nextStep: "Make the queue with profiling")
        }
        try wait()
        return Times(
            queued: try time(CL_PROFILING_COMMAND_QUEUED), submitted: try time(CL_PROFILING_COMMAND_SUBMIT),
            started: try time(CL_PROFILING_COMMAND_START), ended: try time(CL_PROFILING_COMMAND_END))
    }

    private func time(_ name: Int32) throws(OpenCLError) -> UInt64 {
        var time: cl_ulong = 0
        let size = MemoryLayout<cl_ulong>.size
        try check(
            unsafe clGetEventProfilingInfo(handle, cl_profiling_info(bitPattern: name), size, &time, nil),
            "clGetEventProfilingInfo")
        return time
    }
}
