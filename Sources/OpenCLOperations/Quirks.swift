import OpenCLRuntime

/// What is known of devices beyond what their drivers say.
///
/// The only file that names a vendor.
package enum Quirk: String, Sendable, CaseIterable {
    /// A debugger or an interpreter that presents itself as a GPU: right answers, hundreds of times too slow.
    case neverAutomatic
}

extension Quirk {
    /// The quirk in words: what follows "the device is".
    package var explanation: String {
        switch self {
        case .neverAutomatic: "an interpreter that presents itself as a device, hundreds of times slower than one"
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
            evidence: "https://github.com/jrprice/Oclgrind: an interpreter; reports CL_DEVICE_TYPE_GPU among others")
    ]

    /// The quirks that the tables hold for a device.
    static func matching(_ device: Device) -> Set<Quirk> {
        Set(rows.filter { $0.matches(device) }.map(\.quirk))
    }
}
