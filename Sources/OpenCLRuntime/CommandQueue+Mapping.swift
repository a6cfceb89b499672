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
        var status: cl_int = 0
        let address = unsafe clEnqueueMapBuffer(
            handle, buffer.handle, cl_bool(CL_TRUE), cl_map_flags(CL_MAP_WRITE_INVALIDATE_REGION), 0,
            buffer.byteCount, 0, nil, nil, &status)
        guard let address = unsafe address else {
            throw OpenCLError(
                call: "clEnqueueMapBuffer", status: OpenCLStatus(rawValue: status),
                context: "A buffer of \(megabytes(buffer.byteCount)) could not be mapped")
        }
        let bytes = unsafe UnsafeMutableRawBufferPointer(start: address, count: buffer.byteCount)
        unsafe body(bytes)
        try checkQueue(
            unsafe clEnqueueUnmapMemObject(handle, buffer.handle, address, 0, nil, nil), "clEnqueueUnmapMemObject")
    }
}
