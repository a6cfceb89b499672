import OpenCLRuntime

/// Buffers that come back when their tensor goes, by size.
///
/// Safe because the queue is in order: whatever a later kernel writes into a returned buffer, it writes after the
/// kernels that still read it.
final class BufferPool {
    private let queue: CommandQueue
    let fillsWithNaN: Bool
    private var free: [Int: [Buffer]] = [:]
    /// Buffers made so far; a pass in steady state makes none.
    private(set) var madeCount = 0

    /// - Parameter fillsWithNaN: Fills each buffer before it is used, so that an element nobody writes shows.
    init(_ queue: CommandQueue, fillsWithNaN: Bool) {
        (self.queue, self.fillsWithNaN) = (queue, fillsWithNaN)
    }

    func take(byteCount: Int) throws(OpenCLError) -> Buffer {
        // Exact sizes where guard pages or an interpreter watch the end, otherwise whole cache lines.
        let isWatched = fillsWithNaN || queue.context.placement == .guarded
        let size = isWatched ? byteCount : (byteCount + 255) / 256 * 256
        let buffer: Buffer
        if let returned = free[size]?.popLast() {
            buffer = returned
        } else {
            buffer = try Buffer(queue.context, byteCount: max(size, 4))
            madeCount += 1
        }
        // Written rather than filled: oclgrind takes a fill for as many writes as it has patterns, and each makes it forget
        // that the rest of the buffer holds values.
        if fillsWithNaN { try queue.write([UInt8](repeating: .max, count: buffer.byteCount), to: buffer) }
        return buffer
    }

    func putBack(_ buffer: Buffer) { free[buffer.byteCount, default: []].append(buffer) }
}
