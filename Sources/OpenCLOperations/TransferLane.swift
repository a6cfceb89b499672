import OpenCLRuntime
import Synchronization

/// Memory through which one pass after the other sends its bytes to a device and gets its results back.
///
/// `@unchecked Sendable`: one thread at a time has it, from `take` of its `TransferLanes` to the end of the pass.
package final class TransferLane: @unchecked Sendable {
    /// Whether a pass has it.
    let isTaken = Atomic<Bool>(false)
    /// What goes to the device.
    private(set) var outgoing: PinnedMemory?
    /// What has come from the device.
    private(set) var incoming: PinnedMemory?
    /// Where bytes wait on the device while the pass before still reads its own.
    private(set) var landing: Buffer?
    /// When the bytes are in the landing place; nil where they go straight to the input.
    var landed: Event?
    /// When the results are there.
    var arrival: Event?

    init() {}

    /// The outgoing memory, made anew where there is too little: a lane of steady use makes none.
    func outgoing(_ byteCount: Int, _ queue: CommandQueue) throws(OpenCLError) -> PinnedMemory {
        try Self.fit(&outgoing, byteCount, queue)
    }

    /// The incoming memory, in the same way.
    func incoming(_ byteCount: Int, _ queue: CommandQueue) throws(OpenCLError) -> PinnedMemory {
        try Self.fit(&incoming, byteCount, queue)
    }

    private static func fit(
        _ memory: inout PinnedMemory?, _ byteCount: Int, _ queue: CommandQueue
    ) throws(OpenCLError) -> PinnedMemory {
        if let memory, memory.bytes.count >= byteCount { return memory }
        memory = nil
        let made = try PinnedMemory(queue, byteCount: byteCount)
        memory = made
        return made
    }

    /// The memory on the device, in the same way.
    func landing(_ byteCount: Int, _ context: Context) throws(OpenCLError) -> Buffer {
        if let landing, landing.byteCount >= byteCount { return landing }
        landing = nil
        let made = try Buffer(context, byteCount: byteCount)
        landing = made
        return made
    }
}
