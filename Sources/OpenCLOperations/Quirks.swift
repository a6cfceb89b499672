import OpenCLRuntime

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
