import COpenCL

/// What buffers, programs and queues of one device share.
@safe
package final class Context: Sendable {
    /// How buffers are placed in memory.
    package enum BufferPlacement: Sendable, Hashable {
        /// Where the driver likes.
        case device
        /// In host memory that ends at a page which cannot be touched, so that on a CPU device an access past the end
        /// stops the program at once. For tests: correct on every device, fast only on CPU devices.
        case guarded
    }

    /// The raw handle; only this target may use it.
    ///
    /// OpenCL's objects may be used from any thread, kernels excepted (OpenCL 1.2 specification, appendix A.2).
    nonisolated(unsafe) let handle: cl_context
    /// The device it is for.
    package let device: Device
    /// What its buffers may take.
    package let budget: MemoryBudget
    /// Where its buffers are.
    package let placement: BufferPlacement

    /// Opens a device.
    ///
    /// - Parameters:
    ///   - device: One of `Device.discover()`.
    ///   - budget: What all buffers together may take; by default four fifths of the device's memory.
    ///   - placement: Where the buffers are.
    /// - Throws: What the driver refuses.
    package init(
        _ device: Device, budget: MemoryBudget? = nil, placement: BufferPlacement = .device
    ) throws(OpenCLError) {
        try ForkGuard.check()
        var status: cl_int = 0
        var deviceHandle: cl_device_id? = unsafe device.handle
        let properties = unsafe [
            cl_context_properties(CL_CONTEXT_PLATFORM), cl_context_properties(Int(bitPattern: device.platform)), 0,
        ]
        guard let handle = unsafe clCreateContext(properties, 1, &deviceHandle, nil, nil, &status) else {
            throw OpenCLError(
                call: "clCreateContext", status: OpenCLStatus(rawValue: status),
                context: "The device \(device.name) cannot be opened")
        }
        unsafe self.handle = handle
        self.device = device
        self.budget = budget ?? MemoryBudget(for: device)
        self.placement = placement
    }

    deinit {
        unsafe clReleaseContext(handle)
    }
}
