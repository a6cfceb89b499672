package import OpenCLRuntime
package import Operations
import Synchronization

/// How passes reach a device with memory of its own: through pinned memory, at the speed of the bus, and the bytes of the
/// next while the one before is computed.
///
/// A pass alone writes straight to its input, on the queue of its launches. Where another is under way, the bytes go to a
/// landing place by a second queue, which the device serves beside the first, and from there to the input once that is
/// free: a copy within the device, a few microseconds for what takes the bus hundreds.
///
/// One thread at a time begins passes; each pass may be waited for on any thread.
package final class TransferLanes: Sendable {
    /// Passes that may be under way at once: while one is computed another one's bytes go up.
    package static let count = 2

    /// Bytes that are copied into pinned memory before the device begins to fetch them.
    private static let chunk = 4 << 20

    /// As the backend has it.
    ///
    /// Held `nonisolated(unsafe)`: OpenCL's queues may be used from any thread (OpenCL 1.2 specification, appendix A.2).
    private nonisolated(unsafe) let queue: CommandQueue
    private nonisolated(unsafe) let transfers: CommandQueue
    private let lanes = (0..<count).map { _ in TransferLane() }

    init(beside queue: CommandQueue) throws(OpenCLError) {
        self.queue = queue
        transfers = try CommandQueue(queue.context)
    }

    /// A lane that no pass has; more passes at once than there are lanes are a mistake of ours and trap.
    package func take() -> TransferLane {
        for lane in lanes where !lane.isTaken.exchange(true, ordering: .acquiring) { return lane }
        preconditionFailure("more than \(Self.count) passes under way")
    }

    /// Gives a lane back whose pass is done.
    private func giveBack(_ lane: TransferLane) {
        lane.landed = nil
        lane.arrival = nil
        lane.isTaken.store(false, ordering: .releasing)
    }

    /// Sends bytes into a tensor of a captured pass; they are the caller's again at once.
    package func upload(
        _ bytes: UnsafeRawBufferPointer, into tensor: DeviceTensor, through lane: TransferLane
    ) throws(OpenCLError) {
        precondition(
            bytes.count == tensor.byteCount && bytes.count > 0,
            "\(bytes.count) bytes for a tensor of \(tensor.byteCount)")
        let memory = try lane.outgoing(bytes.count, transfers)
        if lanes.contains(where: { $0 !== lane && $0.isTaken.load(ordering: .relaxed) }) {
            let landing = try lane.landing(bytes.count, queue.context)
            let last = try send(bytes, by: memory, on: transfers, to: landing)
            let arrival = try transfers.writeWithEvent(last, of: memory, to: landing)
            try transfers.flush()
            try queue.copy(from: landing, to: tensor.buffer, byteCount: bytes.count, after: arrival)
            lane.landed = consume arrival
        } else {
            let last = try send(bytes, by: memory, on: queue, to: tensor.buffer)
            try queue.write(last, of: memory, to: tensor.buffer)
            try queue.flush()
        }
    }

    /// Copies bytes into pinned memory and puts all of them on a queue but for the last part, which is returned.
    private func send(
        _ bytes: UnsafeRawBufferPointer, by memory: PinnedMemory, on queue: CommandQueue, to buffer: Buffer
    ) throws(OpenCLError) -> Range<Int> {
        var sent = 0
        while true {
            let part = sent..<min(sent + Self.chunk, bytes.count)
            copyInParallel(
                UnsafeRawBufferPointer(rebasing: bytes[part]),
                to: UnsafeMutableRawBufferPointer(rebasing: memory.bytes[part]))
            guard part.upperBound < bytes.count else { return part }
            try queue.write(part, of: memory, to: buffer)
            try queue.flush()
            sent = part.upperBound
        }
    }

    /// Has tensors sent back once the pass before on the queue has written them, without waiting.
    package func startDownload(_ tensors: [DeviceTensor], through lane: TransferLane) throws(OpenCLError) {
        let total = tensors.reduce(0) { $0 + $1.byteCount }
        let memory = try lane.incoming(max(total, 1), transfers)
        var start = 0
        for tensor in tensors where tensor.byteCount > 0 {
            precondition(tensor.element == .float32, "only numbers are downloaded")
            // The last event stands for all: the queue is in order.
            lane.arrival = try queue.readWithEvent(
                from: tensor.buffer, into: start..<start + tensor.byteCount, of: memory)
            start += tensor.byteCount
        }
        try queue.flush()
    }

    /// Waits for tensors of these shapes that are on their way back, and gives the lane back; on any thread.
    package func finishDownload(
        _ shapes: [Shape], through lane: TransferLane
    ) throws(OpenCLError) -> [HostTensor] {
        do {
            // A copy that waits for what has failed is not done, and the launches behind it read what was there before.
            if let landed = lane.landed.take() { try landed.wait() }
            if let arrival = lane.arrival.take() { try arrival.wait() }
        } catch {
            abandon(lane)
            throw error
        }
        defer { giveBack(lane) }
        var start = 0
        return shapes.map { shape in
            let values = [Float](unsafeUninitializedCapacity: shape.count) { values, count in
                count = shape.count
                guard let memory = lane.incoming, count > 0 else { return }
                let part = UnsafeRawBufferPointer(rebasing: memory.bytes[start..<start + 4 * count])
                let place = UnsafeMutableBufferPointer(rebasing: values[..<count])
                copyInParallel(part, to: UnsafeMutableRawBufferPointer(place))
            }
            start += 4 * shape.count
            return HostTensor(shape, values)
        }
    }

    /// Gives a lane back whose pass has failed, once nothing uses its memory any more.
    package func abandon(_ lane: TransferLane) {
        try? transfers.finish()
        try? queue.finish()
        giveBack(lane)
    }
}

extension OpenCLBackend {
    /// Lanes to a device with memory of its own; nil where a transfer is a copy from host memory to host memory, and a
    /// stop on the way would be one more.
    package func makeTransferLanes() throws(OpenCLError) -> TransferLanes? {
        let device = profile.device
        guard stagesTransfers ?? (device.kind == .gpu && !device.isMemoryUnified) else { return nil }
        return try TransferLanes(beside: queue)
    }
}
