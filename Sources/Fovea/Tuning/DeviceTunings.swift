package import Checkpoints
package import OpenCLOperations
package import OpenCLRuntime
import Operations

/// What `fovea tune` found for a device.
package struct DeviceTunings: Sendable, Hashable {
    /// Tunings that differ from those that ship.
    package var values: TuningValues = [:]

    /// None.
    package init() {}

    /// Those kept for a device; none where there are none that can be read.
    ///
    /// Whether the device can use the numbers is for `DeviceProfile` to say.
    ///
    /// - Parameter report: Is told, in a sentence, why a record that is there was not used.
    package init(of device: DeviceIdentity, in records: DeviceRecords?, report: (String) -> Void = { _ in }) {
        guard let record = records?.read(.tuning, for: device, report: report) else { return }
        guard let members = record.object?.members,
            let values = Self.dictionary(members.map { ($0.key, Self.integers($0.value)) })
        else {
            report("the tuning kept for \(device.name) was not used: it holds something else than integers")
            return
        }
        self.values = values
    }

    /// An object of objects of integers, in order of their names.
    package var json: JSON {
        .object(JSON.Object(values.sorted { $0.key < $1.key }.map { ($0.key, Self.json($0.value)) }))
    }

    /// An object of integers, in order of their names.
    package static func json(_ numbers: [String: Int]) -> JSON {
        .object(JSON.Object(numbers.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }))
    }

    /// The integers of an object; nil for anything else.
    package static func integers(_ json: JSON?) -> [String: Int]? {
        json?.object.flatMap { dictionary($0.members.map { ($0.key, $0.value.integer) }) }
    }

    /// Nil where a value is.
    private static func dictionary<Value>(_ members: [(String, Value?)]) -> [String: Value]? {
        let known = members.compactMap { name, value in value.map { (name, $0) } }
        guard known.count == members.count else { return nil }
        return Dictionary(known, uniquingKeysWith: { _, last in last })
    }
}

extension OpenCLBackend {
    /// Opens a device with the tunings and selections kept for it, unless the options name others or another kind of device.
    package convenience init(_ device: Device, tuned options: SessionOptions) throws(OpenCLError) {
        var backend = options.backend
        if backend.measuredTunings.isEmpty, backend.tunedAs == nil {
            backend.measuredTunings =
                DeviceTunings(of: DeviceIdentity(device), in: options.records) { options.report?($0) }.values
        }
        if backend.selections == nil, !options.probesAnew, backend.precision != .float32 {
            backend.selections = DeviceSelections(of: device, in: options.records, report: options.report)
        }
        try self.init(device, options: backend)
        for reason in profile.refusedTunings {
            options.report?("a tuning kept for \(device.name) was not used: \(reason); measure again with fovea tune")
        }
        for refusal in selection?.refusals ?? [] where refusal.cause != .slower {
            options.report?("on \(device.name) \(refusal)")
        }
    }
}
