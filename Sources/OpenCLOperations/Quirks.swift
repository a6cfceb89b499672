package import OpenCLRuntime
package import Operations

/// What is known of devices beyond what their drivers say.
///
/// The only file that names a vendor.
package enum Quirk: String, Sendable, CaseIterable {
    /// A debugger or an interpreter that presents itself as a GPU: right answers, hundreds of times too slow.
    case neverAutomatic
    /// A driver that keeps what it has compiled on disk itself, and whose program binaries are dear: a cache of ours
    /// would only slow the first start down.
    case driverKeepsPrograms
}

extension Quirk {
    /// The quirk in words: what follows "the device is".
    package var explanation: String {
        switch self {
        case .neverAutomatic: "an interpreter that presents itself as a device, hundreds of times slower than one"
        case .driverKeepsPrograms: "one whose driver keeps compiled programs itself"
        }
    }

    private struct Row {
        let quirk: Quirk
        let matches: @Sendable (Device) -> Bool
        /// Where it was seen.
        let evidence: String
    }

    private static let rows: [Row] = [
        Row(
            quirk: .neverAutomatic, matches: { $0.platformName == "Oclgrind" },
            evidence: "https://github.com/jrprice/Oclgrind: an interpreter; reports CL_DEVICE_TYPE_GPU among others"),
        Row(
            quirk: .driverKeepsPrograms, matches: { $0.platformName == "Portable Computing Language" },
            evidence: "https://portablecl.org/docs/html/env_variables.html: POCL_KERNEL_CACHE is on by default; asking "
                + "version 3.1 for the binaries of a ViT's nine kernels took 2.8 s where compiling them took 2.6 s"),
    ]

    /// The quirks that the tables hold for a device.
    static func matching(_ device: Device) -> Set<Quirk> {
        Set(rows.filter { $0.matches(device) }.map(\.quirk))
    }
}

extension MatrixInstruction {
    /// Why a device does not have the instruction in a precision, in a phrase; nil where it should.
    ///
    /// Should: that the driver compiles it and the hardware computes what it ought to, a probe shows.
    package func refusal(in precision: Precision, by device: Device) -> String? {
        guard multiplies(precision) else { return "it does not multiply \(precision.rawValue)" }
        let architecture = device.name.prefix { $0.isLetter || $0.isNumber }
        switch self {
        case .wgmma:
            // PTX ISA, wgmma.mma_async: sm_90a, which no later device runs.
            return device.computeCapability == 90 ? nil : "it is for compute capability 9.0"
        case .mma16:
            // PTX ISA, mma.sync: m16n8k16 of both types as of sm_80.
            return device.computeCapability >= 80 ? nil : "it needs compute capability 8.0"
        case .mma8:
            // The same: m16n8k8 of float16 as of sm_75; the better form counts from sm_80 on.
            return 75..<80 ~= device.computeCapability ? nil : "it is for compute capability 7.5"
        case .mfma:
            // LLVM's AMDGPU usage: mai-insts; bfloat16 with 16×16×16 as of gfx90a.
            let names: Set =
                precision == .float16 ? ["gfx908", "gfx90a", "gfx942", "gfx950"] : ["gfx90a", "gfx942", "gfx950"]
            return names.contains(String(architecture)) ? nil : "it needs \(names.sorted().joined(separator: ", "))"
        case .wmma11:
            return architecture.hasPrefix("gfx11") ? nil : "it needs gfx11"
        case .wmma12:
            return architecture.hasPrefix("gfx12") ? nil : "it needs gfx12"
        case .dpas8, .dpas16:
            guard device.extensions.contains("cl_intel_subgroup_matrix_multiply_accumulate") else {
                return "it needs cl_intel_subgroup_matrix_multiply_accumulate"
            }
            // The instruction's width is the smallest sub-group: 8 on Xe-HPG, 16 on Xe-HPC and Xe2.
            let width = device.subgroupSizes.min() ?? 0
            return width == lanes ? nil : "it needs sub-groups of \(lanes), the smallest here has \(width)"
        case .subgroup8:
            guard device.subgroupSizes.contains(lanes) else { return "it needs sub-groups of \(lanes) on demand" }
            let shuffles: Set = ["cl_khr_subgroup_shuffle", "cl_intel_subgroups"]
            return device.extensions.isDisjoint(with: shuffles)
                ? "it needs \(shuffles.sorted().joined(separator: " or "))" : nil
        }
    }

    /// What the compiler must be told beside the usual.
    ///
    /// DPAS: 256 registers a thread; with the usual 128 the tiles spill (ocloc 22.43, `Scripts/offline-check`).
    var buildOptions: String {
        switch self {
        case .wgmma, .mma16, .mma8, .mfma, .wmma11, .wmma12, .subgroup8: ""
        case .dpas8, .dpas16: " -cl-intel-256-GRF-per-thread"
        }
    }
}
