import OpenCLRuntime
package import Operations

/// What one launch took.
package struct LaunchTime: Sendable {
    /// The operation that launched.
    package let operation: Operation
    /// The kernel, by name.
    package let kernel: String
    /// The sizes that tell one use of a kernel from another, such as `768→3072`.
    package let label: String
    /// Time on the device, in nanoseconds.
    package let nanoseconds: UInt64
    /// Start on the device's clock, in nanoseconds.
    package let start: UInt64
    /// Floating-point operations that the launch's sizes ask for; a multiply-add counts two.
    package let flop: Double
    /// Bytes that must be read or written at least.
    package let bytes: Double
    /// When the host put it on the queue, on the device's clock, in nanoseconds.
    package let queued: UInt64
}

/// Keeps the events of launches until they are asked for.
final class LaunchProfiler {
    private final class Record {
        let operation: Operation
        let specialization: Specialization
        let flop: Double
        let bytes: Double
        let event: Event

        init(
            _ operation: Operation, _ specialization: Specialization, flop: Double, bytes: Double,
            _ event: consuming Event
        ) {
            self.operation = operation
            self.specialization = specialization
            self.flop = flop
            self.bytes = bytes
            self.event = event
        }
    }

    private var records: [Record] = []

    func record(
        _ operation: Operation, _ specialization: Specialization, flop: Double, bytes: Double,
        _ event: consuming Event
    ) {
        records.append(Record(operation, specialization, flop: flop, bytes: bytes, event))
    }

    /// Waits for the last launch and hands out all times.
    func take() throws(OpenCLError) -> [LaunchTime] {
        defer { records = [] }
        try records.last?.event.wait()
        var times: [LaunchTime] = []
        for record in records {
            let measured = try record.event.times()
            times.append(
                LaunchTime(
                    operation: record.operation, kernel: record.specialization.kernel,
                    label: record.specialization.label, nanoseconds: measured.duration, start: measured.started,
                    flop: record.flop, bytes: record.bytes, queued: measured.queued))
        }
        return times
    }
}

extension Specialization {
    /// The sizes a reader tells uses of the kernel apart by.
    fileprivate var label: String {
        if let inputs = defines["INPUTS"], let outputs = defines["OUTPUTS"] { return "\(inputs)→\(outputs)" }
        if let heads = defines["HEADS"] {
            return "\(heads)×\(defines["HEAD_WIDTH"] ?? AttentionWarpGroupTile.headWidth)"
        }
        return defines["WIDTH"].map(String.init) ?? ""
    }
}
