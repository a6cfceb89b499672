package import Checkpoints
package import OpenCLRuntime

/// What a measurement depends on: another driver or another version of Fovea asks for another one.
package struct DeviceIdentity: Sendable, Hashable {
    /// Names and values, in a fixed order.
    private let parts: [(name: String, value: String)]

    /// What tells this device, with this driver, from others.
    package init(_ device: Device) {
        parts = [
            ("platform", device.platformName), ("platformVersion", device.platformVersion), ("name", device.name),
            ("vendor", device.vendor), ("version", device.version), ("driver", device.driverVersion),
            ("fovea", FoveaVersion.current),
        ]
    }

    /// Reads what `json` gave; nil for anything else.
    package init?(_ json: JSON) {
        let names = ["platform", "platformVersion", "name", "vendor", "version", "driver", "fovea"]
        let values = names.compactMap { json[$0]?.string }
        guard values.count == names.count else { return nil }
        parts = zip(names, values).map { ($0, $1) }
    }

    /// An object of texts.
    package var json: JSON { .object(JSON.Object(parts.map { ($0.name, .string($0.value)) })) }

    /// What the device calls itself.
    package var name: String { parts.first { $0.name == "name" }?.value ?? "" }

    /// A name for a file: the device's own, as far as files can have it, and a hash of all parts.
    package var fileName: String {
        let readable = name.utf8.map { byte in
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                ? byte : UInt8(ascii: "-")
        }.prefix(40)
        var hash = FNV1a()
        hash.combine(ProgramKey(parts: parts).bytes)
        return String(decoding: readable, as: UTF8.self) + "-" + String(hash.value, radix: 16) + ".json"
    }

    package static func == (a: Self, b: Self) -> Bool { a.parts.elementsEqual(b.parts, by: ==) }

    package func hash(into hasher: inout Hasher) {
        for part in parts { hasher.combine(part.value) }
    }
}
