/// Everything that a program binary depends on, as one text.
///
/// Two programs have the same key only where each part is the same: every part is preceded by its length.
package struct ProgramKey: Hashable, Sendable {
    /// The text, as it is stored in the entry and compared byte by byte.
    package let bytes: [UInt8]

    /// Gathers what a binary of this source, for this device, depends on.
    ///
    /// - Parameter rewriting: What is done to the binary; nil where it runs as it was compiled.
    package init(source: String, options: String, device: Device, engineVersion: String, rewriting: String? = nil) {
        let parts = [
            ("engine", engineVersion),
            ("platform", device.platformName),
            ("platform version", device.platformVersion),
            ("device", device.name),
            ("device vendor", device.vendor),
            ("device version", device.version),
            ("driver version", device.driverVersion),
            ("driver settings", DriverCache.settings(forPlatform: device.platformName)),
            ("options", options),
            ("source", source),
        ]
        self.init(parts: parts + (rewriting.map { [("rewriting", $0)] } ?? []))
    }

    /// Joins named parts.
    package init(parts: [(name: String, value: String)]) {
        var bytes: [UInt8] = []
        for (name, value) in parts {
            bytes += Array("\(name) \(value.utf8.count)\n".utf8)
            bytes += Array(value.utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        self.bytes = bytes
    }

    /// Where the entry is: two keys may share a name, the entry then belongs to the one that wrote last.
    package var fileName: String {
        var hash = FNV1a()
        hash.combine(bytes)
        let digits = String(hash.value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + CacheFiles.entrySuffix
    }
}
