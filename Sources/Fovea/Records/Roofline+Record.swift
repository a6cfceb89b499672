package import Checkpoints
package import OpenCLOperations
package import OpenCLRuntime

extension Roofline {
    /// The ceilings of a device: those kept from an earlier measurement, else measured now, in about a second, and kept.
    ///
    /// - Parameters:
    ///   - refresh: Measures in any case.
    ///   - records: Where measurements are kept; nil for nowhere.
    ///   - report: Is told, in a sentence, what went wrong with the file.
    /// - Throws: `FoveaError` where the device fails.
    package init(
        of device: Device, refresh: Bool = false, records: DeviceRecords? = .standard,
        report: (String) -> Void = { _ in }
    ) throws(FoveaError) {
        let identity = DeviceIdentity(device)
        if !refresh, let kept = records?.read(.roofline, for: identity, report: report) {
            if let roofline = Roofline(kept) {
                self = roofline
                return
            }
            report("the roofline kept for \(device.name) was not used: its numbers are none")
        }
        do {
            self = try RooflineBenchmark.measure(device, cache: .standard)
        } catch {
            throw FoveaError(error)
        }
        if let problem = records?.write(.roofline, json, for: identity) { report(problem) }
    }

    /// Reads what `json` gave; nil for numbers that are no ceilings.
    private init?(_ json: JSON) {
        guard let flop = json["gigaflopPerSecond"]?.double, let bytes = json["gigabytePerSecond"]?.double,
            flop > 0, bytes > 0, flop.isFinite, bytes.isFinite
        else { return nil }
        self.init(flopPerSecond: flop * 1e9, bytesPerSecond: bytes * 1e9)
    }

    /// Both ceilings, in 10⁹ a second.
    package var json: JSON {
        ["gigaflopPerSecond": JSON(flopPerSecond / 1e9), "gigabytePerSecond": JSON(bytesPerSecond / 1e9)]
    }
}
