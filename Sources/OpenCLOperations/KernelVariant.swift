import OpenCLRuntime
package import Operations

/// One way to run an operation: a kernel file beside others for the same operation.
package enum KernelVariant: String, Sendable, CaseIterable {
    /// A work-group of one item that fills the vector registers of a processor core: `attention_simd.cl`.
    case simd
    /// A work-group that shares tiles in local memory, for devices that have one of their own: `linear_tiled.cl`.
    case tiled
    /// Register tiles and vectors for any device: `linear.cl`.
    case portable
    /// One item an output, the twin that others are judged by: `linear_plain.cl`.
    case plain

    /// What the variant appends to the operation's kernel name.
    var suffix: String {
        switch self {
        case .portable: ""
        case .simd: "_simd"
        case .tiled: "_tiled"
        case .plain: "_plain"
        }
    }
}

/// Which variants an operation has and which devices can run them: best first.
package enum SelectionTable {
    /// A row: a variant, the operations that have it, what a device needs to run it, and where it is worth running.
    private struct Row {
        let variant: KernelVariant
        let operations: Set<Operation>
        var requires: @Sendable (DeviceProfile) -> Bool = { _ in true }
        var suits: @Sendable (DeviceProfile) -> Bool = { _ in true }
    }

    private static let rows: [Row] = [
        Row(variant: .simd, operations: [.attention, .patchEmbedding], suits: { $0.kind == .cpu }),
        // Where local memory is a part of global memory, a tile in it is one copy more.
        Row(
            variant: .tiled, operations: [.linear],
            requires: { $0.canRun(items: $0.linearTiled.items, localBytes: $0.linearTiled.localBytes) },
            suits: { $0.kind != .cpu && $0.device.isLocalMemoryDedicated }),
        Row(
            variant: .tiled, operations: [.attention],
            requires: { $0.canRun(items: $0.attentionTiled.items, localBytes: 0) },
            suits: { $0.kind != .cpu && $0.device.isLocalMemoryDedicated }),
        Row(variant: .portable, operations: Set(Operation.allCases)),
        Row(variant: .plain, operations: Set(Operation.allCases), suits: { _ in false }),
    ]

    /// The variants that a device can run, best first, those that do not suit it after them; the plain twin is always
    /// the last.
    package static func variants(of operation: Operation, on profile: DeviceProfile) -> [KernelVariant] {
        let possible = rows.filter { $0.operations.contains(operation) && $0.requires(profile) }
        return (possible.filter { $0.suits(profile) } + possible.filter { !$0.suits(profile) }).map(\.variant)
    }
}

extension Operation {
    /// The name of the operation's kernels: the stem of the file and of the function in it.
    package var kernelName: String {
        switch self {
        case .patchEmbedding: "patch_embedding"
        case .layerNorm: "layer_norm"
        case .queryKey: "query_key"
        case .attentionMap: "attention_map"
        case .linear, .attention, .gating, .pooling, .softmax: rawValue
        }
    }
}
