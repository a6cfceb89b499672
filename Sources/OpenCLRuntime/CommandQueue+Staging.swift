import COpenCL

/// Transfers that do not wait, from and to memory that stays.
extension CommandQueue {
    /// Copies a part of pinned memory to the same place in a buffer without waiting: the part must stay unchanged until
    /// the queue has got there.
    ///
    /// - Parameters:
    ///   - range: Which bytes, at least one; inside both, or the call traps.
    ///   - buffer: Where to.
    package func write(
        _ range: Range<Int>, of memory: PinnedMemory, to buffer: Buffer
    ) throws(OpenCLError) {
        try unsafe write(range, of: memory, to: buffer, nil)
    }

    /// The same, and gives the event that tells when the bytes are there: for a command on another queue to wait for.
    package func writeWithEvent(
        _ range: Range<Int>, of memory: PinnedMemory, to buffer: Buffer
    ) throws(OpenCLError) -> Event {
        var event: cl_event?
        try unsafe write(range, of: memory, to: buffer, &event)
        return try unsafe Event(owning: event, hasTimes: isProfiling)
    }

    private func write(
        _ range: Range<Int>, of memory: PinnedMemory, to buffer: Buffer, _ event: UnsafeMutablePointer<cl_event?>?
    ) throws(OpenCLError) {
        let part = unsafe UnsafeRawBufferPointer(rebasing: memory.bytes[range])
        try ForkGuard.check()
        buffer.requireRange(range.lowerBound, range.count)
        try checkQueue(
            unsafe clEnqueueWriteBuffer(
                handle, buffer.handle, cl_bool(CL_FALSE), range.lowerBound, range.count, part.baseAddress, 0, nil,
                event),
            "clEnqueueWriteBuffer")
    }

    /// Copies the begin of a buffer to pinned memory without waiting, after everything before it on the queue, and gives
    /// the event that tells when the bytes are there.
    ///
    /// - Parameters:
    ///   - buffer: Where from.
    ///   - range: Where to in the memory, at least one byte; as many are copied.
    package func readWithEvent(
        from buffer: Buffer, into range: Range<Int>, of memory: PinnedMemory
    ) throws(OpenCLError) -> Event {
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: memory.bytes[range])
        try ForkGuard.check()
        buffer.requireRange(0, range.count)
        var event: cl_event?
        try checkQueue(
            unsafe clEnqueueReadBuffer(
                handle, buffer.handle, cl_bool(CL_FALSE), 0, range.count, part.baseAddress, 0, nil, &event),
            "clEnqueueReadBuffer")
        return try unsafe Event(owning: event, hasTimes: isProfiling)
    }

    /// Copies the begin of a buffer to that of another, once a command of another queue is done, which must be flushed.
    package func copy(
        from source: Buffer, to destination: Buffer, byteCount: Int, after event: borrowing Event
    ) throws(OpenCLError) {
        try ForkGuard.check()
        source.requireRange(0, byteCount)
        destination.requireRange(0, byteCount)
        var awaited: cl_event? = unsafe event.handle
        try checkQueue(
            unsafe clEnqueueCopyBuffer(
                handle, source.handle, destination.handle, 0, 0, byteCount, 1, &awaited, nil), "clEnqueueCopyBuffer")
    }
}
