import COpenCL

extension CommandQueue {
    /// Lets the host write a buffer where it lies, after everything before it on the queue; what was in it is lost.
    ///
    /// For CPU devices, whose memory is the host's: no copy is made, and several cores may write at once. Other drivers may
    /// make a copy for the host as large as the buffer. Later commands of this queue see what was written; those of another
    /// queue may come before it.
    ///
    /// - Parameters:
    ///   - buffer: What is written.
    ///   - body: Gets all bytes of the buffer, not initialized, for as long as it runs.
    /// - Throws: `outOfMemory` where the driver has none to map.
    package func overwrite(_ buffer: Buffer, _ body: (UnsafeMutableRawBufferPointer) -> Void) throws(OpenCLError) {
        try ForkGuard.check()
        let bytes = unsafe try map(
            buffer.handle, buffer.byteCount, cl_map_flags(CL_MAP_WRITE_INVALIDATE_REGION), "A buffer")
        unsafe body(bytes)
        try checkQueue(
            unsafe clEnqueueUnmapMemObject(handle, buffer.handle, bytes.baseAddress, 0, nil, nil),
            "clEnqueueUnmapMemObject")
    }

    /// Maps memory for the host, which waits for everything before it on the queue.
    func map(
        _ memory: cl_mem, _ byteCount: Int, _ access: cl_map_flags, _ name: String
    ) throws(OpenCLError) -> UnsafeMutableRawBufferPointer {
        var status: cl_int = 0
        let address = unsafe clEnqueueMapBuffer(
            handle, memory, cl_bool(CL_TRUE), access, 0, byteCount, 0, nil, nil, &status)
        if let address = unsafe address {
            return unsafe UnsafeMutableRawBufferPointer(start: address, count: byteCount)
        }
        throw OpenCLError(
            call: "clEnqueueMapBuffer", status: OpenCLStatus(rawValue: status),
            context: "\(name) of \(megabytes(byteCount)) could not be mapped")
    }
}
