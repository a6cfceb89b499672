package import Operations

/// What a user wants products computed in: `--precision`.
package enum PrecisionRequest: Sendable, Hashable {
    /// bfloat16, else float16, where a GPU's matrix instructions multiply them; float32 on all other devices.
    case automatic
    /// One precision, on whatever device.
    case exactly(Precision)

    /// Reads `auto` or the name of a precision; nil for anything else.
    package init?(_ text: String) {
        if text == "auto" {
            self = .automatic
        } else {
            guard let precision = Precision(rawValue: text) else { return nil }
            self = .exactly(precision)
        }
    }

    /// The names that are read.
    package static let names = ["auto"] + Precision.allCases.map(\.rawValue)

    /// The precision, as a backend's options have it: nil where the device decides.
    package var precision: Precision? {
        switch self {
        case .automatic: nil
        case .exactly(let precision): precision
        }
    }

    /// Throws category `noDevice` where a device does not compute in this precision.
    package func check(on device: ComputeDevice) throws(FoveaError) {
        guard case .reference = device, let precision, precision != .float32 else { return }
        throw FoveaError(
            .noDevice, code: "PRECISION",
            "\(device.name) cannot compute in \(precision.rawValue); choose among what works there: float32")
    }
}
