import OpenCLRuntime
package import Operations

/// One way to run an operation: a kernel file beside others for the same operation.
package enum KernelVariant: String, Sendable, CaseIterable {
    /// Register tiles and vectors for any device: `linear.cl`.
    case portable
    /// One item an output, the twin that others are judged by: `linear_plain.cl`.
    case plain

    /// What the variant appends to the operation's kernel name.
    var suffix: String {
        switch self {
        case .portable: ""
        case .plain: "_plain"
        }
    }
}

/// Which variants an operation has and which devices can run them: best first.
package enum SelectionTable {
    /// A row: a variant, the operations that have it, and what a device needs for it.
    private struct Row {
        let variant: KernelVariant
        let operations: Set<Operation>
        let requires: @Sendable (DeviceProfile) -> Bool
    }

    private static let rows: [Row] = [
        Row(variant: .portable, operations: Set(Operation.allCases), requires: { _ in true }),
        Row(variant: .plain, operations: Set(Operation.allCases), requires: { _ in true }),
    ]

    /// The variants that a device can run, best first; the plain twin is always among them.
    package static func variants(of operation: Operation, on profile: DeviceProfile) -> [KernelVariant] {
        rows.filter { $0.operations.contains(operation) && $0.requires(profile) }.map(\.variant)
    }
}

extension Operation {
    /// The name of the operation's kernels: the stem of the file and of the function in it.
    package var kernelName: String {
        switch self {
        case .patchEmbedding: "patch_embedding"
        case .layerNorm: "layer_norm"
        case .linear, .attention, .pooling, .softmax: rawValue
        }
    }
}
