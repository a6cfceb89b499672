import Checkpoints
package import OpenCLOperations
package import OpenCLRuntime
import Operations

/// How a device was found to multiply, kept in its records: one member a precision.
///
/// A member counts only for the products that it was found among, and while no kernel has changed.
package struct DeviceSelections: NarrowSelectionStore {
    private let device: DeviceIdentity
    private let fingerprint: @Sendable () -> String
    private let records: DeviceRecords
    private let probesAnew: Bool
    private let report: (@Sendable (String) -> Void)?

    /// Those of a device.
    ///
    /// - Parameters:
    ///   - fingerprint: Of kernels and settings, as `NarrowSelection` tells it; asked where there is something to compare.
    ///   - probesAnew: Reads none, and keeps what is found in its place.
    ///   - report: Is told, in a sentence, why a record that is there was not used.
    package init(
        of device: DeviceIdentity, fingerprint: @autoclosure @escaping @Sendable () -> String,
        in records: DeviceRecords, probesAnew: Bool = false,
        report: (@Sendable (String) -> Void)? = nil
    ) {
        (self.device, self.fingerprint, self.records) = (device, fingerprint, records)
        (self.probesAnew, self.report) = (probesAnew, report)
    }

    /// Those of a device here; nil where there is no place for records.
    package init?(
        of device: Device, in records: DeviceRecords?, probesAnew: Bool = false,
        report: (@Sendable (String) -> Void)? = nil
    ) {
        guard let records else { return nil }
        self.init(
            of: DeviceIdentity(device), fingerprint: NarrowSelection.fingerprint(on: device), in: records,
            probesAnew: probesAnew, report: report)
    }

    package func selection(among products: [NarrowProduct]) -> NarrowSelection? {
        guard !probesAnew, let precision = products.first?.precision,
            let member = members(report: { report?($0) }).first(where: { $0.key == precision.rawValue })
        else { return nil }
        return NarrowSelection(member.value, among: products)
    }

    package func keep(_ selection: NarrowSelection, among products: [NarrowProduct]) {
        let name = selection.product.precision.rawValue
        // Those of other precisions stay; of two processes that write at once, one probes again at its next start.
        let others = members(report: { _ in }).filter { $0.key != name }.map { ($0.key, $0.value) }
        let all: JSON = [
            "fingerprint": JSON(fingerprint()),
            "precisions": .object(JSON.Object(others + [(name, selection.json(among: products))])),
        ]
        // A place that cannot be written costs a probe at each start, which is no news.
        _ = records.write(.selection, all, for: device)
    }

    /// What is kept by precision; nothing where it was found with other kernels.
    private func members(report: (String) -> Void) -> [(key: String, value: JSON)] {
        guard let record = records.read(.selection, for: device, report: report),
            record["fingerprint"]?.string == fingerprint()
        else { return [] }
        return (record["precisions"]?.object?.members ?? []).map { ($0.key, $0.value) }
    }
}

extension NarrowSelection {
    fileprivate func json(among products: [NarrowProduct]) -> JSON {
        [
            "among": .array(products.map { JSON($0.record) }), "product": JSON(product.record),
            "attention": attention.map { JSON($0.form.rawValue) } ?? .null, "refusals": .array(refusals.map(\.record)),
        ]
    }

    /// Reads what `json` gave for the same products; nil for anything else.
    fileprivate init?(_ json: JSON, among products: [NarrowProduct]) {
        guard let among = json["among"]?.array, among.map(\.string) == products.map(\.record),
            let product = products.first(where: { $0.record == json["product"]?.string }),
            let attends = json["attention"], let refused = json["refusals"]?.array
        else { return nil }
        let attention = attends.string.flatMap(NarrowForm.init(rawValue:))?.instruction
        let refusals = refused.compactMap { Refusal($0) }
        let instruction = product.form.instruction
        guard attends == .null || (attention != nil && [instruction, instruction?.ofWaves].contains(attention)),
            refusals.count == refused.count
        else { return nil }
        self.init(product, attention: attention, refusals: refusals)
    }
}

extension NarrowSelection.Refusal {
    fileprivate var record: JSON {
        [
            "operation": JSON(operation.rawValue), "form": JSON(form.rawValue), "cause": JSON(cause.rawValue),
            "reason": JSON(reason),
        ]
    }

    fileprivate init?(_ record: JSON) {
        guard let operation = record["operation"]?.string.flatMap(Operation.init(rawValue:)),
            let form = record["form"]?.string.flatMap(NarrowForm.init(rawValue:)),
            let cause = record["cause"]?.string.flatMap(Cause.init(rawValue:)),
            let reason = record["reason"]?.string
        else { return nil }
        self.init(operation, by: form, cause, reason)
    }
}

extension NarrowProduct {
    /// The form, and how it is imitated.
    fileprivate var record: String { form.rawValue + (emulation.map { " emulated \($0.rawValue)" } ?? "") }
}
