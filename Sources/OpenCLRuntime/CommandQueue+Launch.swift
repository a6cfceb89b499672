import COpenCL

extension CommandQueue {
    /// Puts a kernel on the queue; no event is made and nothing is allocated.
    ///
    /// - Parameters:
    ///   - kernel: All its arguments are set, its buffers alive.
    ///   - global: Work-items in all; zero of them is a mistake of ours and traps.
    ///   - local: Work-items in a work-group, dividing `global` in each dimension; nil leaves it to the driver.
    /// - Throws: `other` where the work-group or its local memory is larger than device or kernel allow, or does not
    ///   divide `global`; `deviceLost` where the device has failed.
    package func launch(
        _ kernel: borrowing Kernel, global: NDRange, local: NDRange? = nil
    ) throws(OpenCLError) {
        try unsafe enqueue(kernel, global, local, nil)
    }

    /// Puts a kernel on the queue and gives the event that tells when it is done and, on a profiling queue, its times.
    package func launchWithEvent(
        _ kernel: borrowing Kernel, global: NDRange, local: NDRange? = nil
    ) throws(OpenCLError) -> Event {
        var event: cl_event?
        try unsafe enqueue(kernel, global, local, &event)
        return try unsafe Event(owning: event, hasTimes: isProfiling)
    }

    @inline(__always)
    private func enqueue(
        _ kernel: borrowing Kernel, _ global: NDRange, _ local: NDRange?, _ event: UnsafeMutablePointer<cl_event?>?
    ) throws(OpenCLError) {
        try ForkGuard.check()
        try checkGeometry(kernel, global, local)
        let dimensions = cl_uint(truncatingIfNeeded: global.dimensions)
        let globalSizes: InlineArray<3, Int> = [global.x, global.y, global.z]
        let status: cl_int
        if let local {
            let localSizes: InlineArray<3, Int> = [local.x, local.y, local.z]
            status = unsafe globalSizes.span.withUnsafeBufferPointer { global in
                unsafe localSizes.span.withUnsafeBufferPointer { local in
                    unsafe clEnqueueNDRangeKernel(
                        handle, kernel.handle, dimensions, nil, global.baseAddress, local.baseAddress, 0, nil, event)
                }
            }
        } else {
            status = unsafe globalSizes.span.withUnsafeBufferPointer { global in
                unsafe clEnqueueNDRangeKernel(
                    handle, kernel.handle, dimensions, nil, global.baseAddress, nil, 0, nil, event)
            }
        }
        guard status != CL_SUCCESS else { return }
        throw launchFailure(status, kernel, global, local)
    }

    /// Refuses what drivers answer by an abort (PoCL: too much local memory) or by a bare number.
    @inline(__always)
    private func checkGeometry(
        _ kernel: borrowing Kernel, _ global: NDRange, _ local: NDRange?
    ) throws(OpenCLError) {
        precondition(global.x > 0 && global.y > 0 && global.z > 0, "an empty launch: \(global)")
        let memory = kernel.localMemory
        guard memory <= kernel.localMemoryLimit else {
            throw OpenCLError(
                .other,
                "Kernel '\(kernel.name)' needs \(memory) bytes of local memory, and \(context.device.name) has "
                    + "\(kernel.localMemoryLimit)")
        }
        guard let local else { return }
        precondition(local.dimensions == global.dimensions, "a work-group of \(local) for a launch of \(global)")
        precondition(local.x > 0 && local.y > 0 && local.z > 0, "an empty work-group: \(local)")
        guard local.count <= kernel.maximumWorkGroupSize, fitsItemSizes(local) else {
            throw OpenCLError(
                .other,
                "A work-group of \(local) is too large for kernel '\(kernel.name)' on \(context.device.name), which "
                    + "allows \(kernel.maximumWorkGroupSize) work-items, and "
                    + "\(context.device.maximumWorkItemSizes) by dimension")
        }
        guard global.x % local.x == 0, global.y % local.y == 0, global.z % local.z == 0 else {
            throw OpenCLError(
                .other, "A work-group of \(local) does not divide the \(global) work-items of kernel '\(kernel.name)'")
        }
        if let required = kernel.requiredWorkGroupSize,
            (local.x, local.y, local.z) != (required.x, required.y, required.z)
        {
            throw OpenCLError(
                .other, "Kernel '\(kernel.name)' requires a work-group of \(required), and was given \(local)")
        }
    }

    private func fitsItemSizes(_ local: NDRange) -> Bool {
        let limits = context.device.maximumWorkItemSizes
        return limits.count < 3 || (local.x <= limits[0] && local.y <= limits[1] && local.z <= limits[2])
    }

    private func launchFailure(
        _ status: cl_int, _ kernel: borrowing Kernel, _ global: NDRange, _ local: NDRange?
    ) -> OpenCLError {
        let status = OpenCLStatus(rawValue: status)
        let geometry = local.map { "\(global) work-items in groups of \($0)" } ?? "\(global) work-items"
        return OpenCLError(
            call: "clEnqueueNDRangeKernel", status: status, kind: OpenCLError.Kind(statusAfterEnqueue: status),
            context: "Kernel '\(kernel.name)' with \(geometry) could not be launched")
    }
}
