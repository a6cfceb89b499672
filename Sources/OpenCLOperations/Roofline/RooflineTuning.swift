import OpenCLRuntime

/// How `fma_rate.cl` and `read_rate.cl` fill a kind of device.
struct RooflineTuning {
    /// Floats per vector.
    let vector: Int
    /// Independent chains per item.
    let chains: Int
    /// Items per group.
    let group: Int
    /// Groups of `fma_rate` for each compute unit: many, so that units end together where one is slower.
    static let groupsPerUnit = 32
    /// Floats that a group of `read_rate` reads: 256 KiB.
    static let span = 1 << 16
    /// Loads in flight per item of `read_rate`.
    static let streams = 4

    /// A CPU device gets groups of one and vectors of its registers, anything else many items.
    ///
    /// Twelve chains cover four cycles of latency on two pipes with four to spare, and leave four of sixteen registers
    /// for the operands.
    init(for device: Device) {
        if device.kind == .cpu {
            (vector, chains, group) = (max(4, min(16, device.nativeFloatVectorWidth)), 12, 1)
        } else {
            (vector, chains, group) = (4, 8, min(128, device.maximumWorkGroupSize))
        }
    }

    var fmaDefines: [String: Int] { ["VECTOR": vector, "CHAINS": chains, "GROUP": group, "UNROLL": Self.unroll] }
    var readDefines: [String: Int] {
        ["VECTOR": vector, "GROUP": group, "STREAMS": Self.streams, "SPAN": Self.span]
    }

    /// Steps per turn of the loop of `fma_rate`.
    static let unroll = 8
}
