import COpenCL

/// A piece of device memory, given back when the last reference to it goes.
///
/// What is in it at first is not defined. It may be released while commands that use it are still queued: OpenCL keeps
/// it until they are done. It must outlive every *future* launch of a kernel that it is an argument of.
@safe
package final class Buffer: Sendable {
    /// The raw handle; only this target may use it.
    nonisolated(unsafe) let handle: cl_mem
    /// How many bytes it holds, at least 1.
    package let byteCount: Int
    private let budget: MemoryBudget

    /// Allocates memory for kernels to read and write.
    ///
    /// - Parameters:
    ///   - context: Where the memory is.
    ///   - byteCount: At least 1; zero is a mistake of ours and traps.
    /// - Throws: `outOfMemory` where the context's budget or the largest buffer of the device does not allow it, or
    ///   where the driver has no memory.
    package init(_ context: Context, byteCount: Int) throws(OpenCLError) {
        precondition(byteCount > 0, "a buffer holds at least one byte, not \(byteCount)")
        try ForkGuard.check()
        let maximum = context.device.maximumAllocation
        guard byteCount <= maximum else {
            throw OpenCLError(
                .outOfMemory,
                "A buffer of \(megabytes(byteCount)) is larger than the device \(context.device.name) allows, "
                    + megabytes(maximum), nextStep: "Use a smaller batch or another device")
        }
        let budget = context.budget
        try budget.reserve(byteCount)
        do {
            switch context.placement {
            case .device: unsafe handle = try Self.allocate(context, byteCount, cl_mem_flags(CL_MEM_READ_WRITE), nil)
            case .guarded: unsafe handle = try Self.allocateGuarded(context, byteCount)
            }
        } catch {
            budget.release(byteCount)
            throw error
        }
        self.byteCount = byteCount
        self.budget = budget
    }

    deinit {
        unsafe clReleaseMemObject(handle)
        budget.release(byteCount)
    }

    private static func allocate(
        _ context: Context, _ byteCount: Int, _ flags: cl_mem_flags, _ host: UnsafeMutableRawPointer?
    ) throws(OpenCLError) -> cl_mem {
        var status: cl_int = 0
        if let handle = unsafe clCreateBuffer(context.handle, flags, byteCount, host, &status) { return unsafe handle }
        throw OpenCLError(
            call: "clCreateBuffer", status: OpenCLStatus(rawValue: status),
            kind: status == CL_OUT_OF_RESOURCES ? .outOfMemory : nil,
            context: "A buffer of \(megabytes(byteCount)) could not be made")
    }

    private static func allocateGuarded(_ context: Context, _ byteCount: Int) throws(OpenCLError) -> cl_mem {
        let memory = try GuardedMemory(byteCount: byteCount)
        let flags = cl_mem_flags(CL_MEM_READ_WRITE) | cl_mem_flags(CL_MEM_USE_HOST_PTR)
        let handle: cl_mem
        do {
            unsafe handle = try allocate(context, byteCount, flags, memory.address)
        } catch {
            memory.unmap()
            throw error
        }
        // Queued commands may outlive the buffer: the pages go when the driver lets go of them.
        let owner = unsafe Unmanaged.passRetained(memory)
        let status = unsafe clSetMemObjectDestructorCallback(
            handle,
            { _, memory in
                guard let memory = unsafe memory else { return }
                unsafe Unmanaged<GuardedMemory>.fromOpaque(memory).takeRetainedValue().unmap()
            }, owner.toOpaque())
        guard status == CL_SUCCESS else {
            unsafe clReleaseMemObject(handle)
            unsafe owner.release()
            memory.unmap()
            throw OpenCLError(call: "clSetMemObjectDestructorCallback", status: OpenCLStatus(rawValue: status))
        }
        return unsafe handle
    }
}
