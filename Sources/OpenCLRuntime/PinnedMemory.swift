import COpenCL

/// Host memory that the driver made for transfers: a device with memory of its own reaches it over its bus by itself.
///
/// What lies in any other memory the driver first copies into such memory of its own, a part at a time, and a transfer
/// "without waiting" waits for that. Mapped for its whole life, so that its address stays. Transfers from and to it must
/// be done before it goes.
@safe
package final class PinnedMemory {
    /// Where it lies for the host.
    package nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer
    private let handle: cl_mem
    /// Maps and unmaps.
    private let queue: CommandQueue

    /// Allocates memory and maps it, which waits for what is on the queue.
    ///
    /// - Parameter byteCount: At least 1; zero is a mistake of ours and traps.
    /// - Throws: `outOfMemory` where the context's budget or the driver has none: drivers may give it a twin on the device.
    package init(_ queue: CommandQueue, byteCount: Int) throws(OpenCLError) {
        precondition(byteCount > 0, "pinned memory holds at least one byte, not \(byteCount)")
        try ForkGuard.check()
        let budget = queue.context.budget
        try budget.reserve(byteCount)
        let handle: cl_mem
        do {
            unsafe handle = try Self.allocate(queue.context, byteCount)
        } catch {
            budget.release(byteCount)
            throw error
        }
        do {
            let access = cl_map_flags(CL_MAP_READ) | cl_map_flags(CL_MAP_WRITE)
            unsafe bytes = try queue.map(handle, byteCount, access, "Host memory for transfers")
        } catch {
            unsafe clReleaseMemObject(handle)
            budget.release(byteCount)
            throw error
        }
        unsafe self.handle = handle
        self.queue = queue
    }

    deinit {
        // The driver keeps what it must until the unmapping is done.
        if (try? ForkGuard.check()) != nil {
            unsafe clEnqueueUnmapMemObject(queue.handle, handle, bytes.baseAddress, 0, nil, nil)
        }
        unsafe clReleaseMemObject(handle)
        queue.context.budget.release(unsafe bytes.count)
    }

    private static func allocate(_ context: Context, _ byteCount: Int) throws(OpenCLError) -> cl_mem {
        var status: cl_int = 0
        let flags = cl_mem_flags(CL_MEM_READ_WRITE) | cl_mem_flags(CL_MEM_ALLOC_HOST_PTR)
        if let handle = unsafe clCreateBuffer(context.handle, flags, byteCount, nil, &status) { return unsafe handle }
        throw OpenCLError(
            call: "clCreateBuffer", status: OpenCLStatus(rawValue: status),
            kind: status == CL_OUT_OF_RESOURCES ? .outOfMemory : nil,
            context: "Host memory for transfers of \(megabytes(byteCount)) could not be made")
    }
}
