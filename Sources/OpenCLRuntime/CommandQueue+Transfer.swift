import COpenCL

extension CommandQueue {
    /// Copies host memory to a buffer; returns when the host memory may be used again.
    ///
    /// - Parameters:
    ///   - source: The bytes; none is allowed and does nothing.
    ///   - buffer: Large enough, or the call traps.
    ///   - offset: Where in the buffer, in bytes.
    package func write(
        from source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int = 0
    ) throws(OpenCLError) {
        try unsafe write(from: source, to: buffer, offset: offset, blocking: true)
    }

    /// Copies host memory to a buffer without waiting: the memory must stay, unchanged, until the queue has got there.
    @unsafe
    package func writeWithoutWaiting(
        from source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int = 0
    ) throws(OpenCLError) {
        try unsafe write(from: source, to: buffer, offset: offset, blocking: false)
    }

    private func write(
        from source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int, blocking: Bool
    ) throws(OpenCLError) {
        try ForkGuard.check()
        buffer.requireRange(offset, source.count)
        guard let address = source.baseAddress, source.count > 0 else { return }
        let status = unsafe clEnqueueWriteBuffer(
            handle, buffer.handle, cl_bool(blocking ? CL_TRUE : CL_FALSE), offset, source.count, address, 0, nil, nil)
        try checkQueue(status, "clEnqueueWriteBuffer")
    }

    /// Copies a buffer to host memory, after everything before it on the queue; returns when the bytes are there.
    ///
    /// - Parameters:
    ///   - buffer: Large enough, or the call traps.
    ///   - offset: Where in the buffer, in bytes.
    ///   - destination: As many bytes as it holds are copied.
    package func read(
        from buffer: Buffer, offset: Int = 0, into destination: UnsafeMutableRawBufferPointer
    ) throws(OpenCLError) {
        try ForkGuard.check()
        buffer.requireRange(offset, destination.count)
        guard let address = destination.baseAddress, destination.count > 0 else { return }
        let status = unsafe clEnqueueReadBuffer(
            handle, buffer.handle, cl_bool(CL_TRUE), offset, destination.count, address, 0, nil, nil)
        try checkQueue(status, "clEnqueueReadBuffer")
    }

    /// Copies an array to a buffer, from `offset` bytes on.
    package func write<Element: BitwiseCopyable>(
        _ values: [Element], to buffer: Buffer, offset: Int = 0
    ) throws(OpenCLError) {
        try unsafe values.span.bytes.withUnsafeBytes { bytes throws(OpenCLError) in
            try unsafe write(from: bytes, to: buffer, offset: offset)
        }
    }

    /// Copies the first elements of a buffer to a new array.
    package func read<Element: BitwiseCopyable>(
        _ type: Element.Type = Element.self, count: Int, from buffer: Buffer
    ) throws(OpenCLError) -> [Element] {
        try unsafe [Element](unsafeUninitializedCapacity: count) { storage, initialized throws(OpenCLError) in
            let elements = unsafe UnsafeMutableBufferPointer(rebasing: storage[..<count])
            try unsafe read(from: buffer, into: UnsafeMutableRawBufferPointer(elements))
            initialized = count
        }
    }

    /// Copies bytes from one buffer to another, or to another place of the same one that does not overlap.
    package func copy(
        from source: Buffer, offset sourceOffset: Int = 0, to destination: Buffer, offset destinationOffset: Int = 0,
        byteCount: Int
    ) throws(OpenCLError) {
        try ForkGuard.check()
        source.requireRange(sourceOffset, byteCount)
        destination.requireRange(destinationOffset, byteCount)
        guard byteCount > 0 else { return }
        let status = unsafe clEnqueueCopyBuffer(
            handle, source.handle, destination.handle, sourceOffset, destinationOffset, byteCount, 0, nil, nil)
        try checkQueue(status, "clEnqueueCopyBuffer")
    }

    /// Fills a buffer, or a part of it, with a repeated value of 1, 2, 4, 8, 16, 32, 64 or 128 bytes.
    ///
    /// - Parameters:
    ///   - buffer: What to fill.
    ///   - value: The pattern; its size must divide `offset` and `byteCount`.
    ///   - offset: Where to begin, in bytes.
    ///   - byteCount: How much to fill; by default to the end.
    package func fill<Value: BitwiseCopyable>(
        _ buffer: Buffer, with value: Value, offset: Int = 0, byteCount: Int? = nil
    ) throws(OpenCLError) {
        try ForkGuard.check()
        let end = byteCount.map { offset + $0 } ?? buffer.byteCount
        let size = MemoryLayout<Value>.size
        buffer.requireRange(offset, end - offset)
        precondition(
            size <= 128 && size.nonzeroBitCount == 1 && offset % size == 0 && end % size == 0,
            "a pattern of \(size) bytes cannot fill bytes \(offset) to \(end)")
        var value = value
        var start = offset
        while start < end {
            let count = min(end - start, Self.largestFill)
            let status = unsafe clEnqueueFillBuffer(handle, buffer.handle, &value, size, start, count, 0, nil, nil)
            try checkQueue(status, "clEnqueueFillBuffer")
            start += count
        }
    }

    /// Fills of 2³¹ bytes and more hang on NVIDIA's driver (inducer/pyopencl#395): 1 GiB at a time.
    private static let largestFill = 1 << 30
}

extension Buffer {
    /// Traps where a transfer would leave the buffer: offsets are ours, never a file's.
    func requireRange(_ offset: Int, _ count: Int) {
        precondition(
            offset >= 0 && count >= 0 && count <= byteCount && offset <= byteCount - count,
            "bytes \(offset) to \(offset + count) are not all in a buffer of \(byteCount)")
    }
}
