import OpenCLRuntime
package import Operations

/// Measured numbers: those of a tuning by the names of its knobs, tunings by the names of `TuningRow`.
package typealias TuningValues = [String: [String: Int]]

/// One tuning of the table as the tuner sees it: its name in files, the kernels it is for, and what may be tried.
///
/// A tuning that is to be measured takes one row of `all`, and nothing else.
package struct TuningRow: Sendable {
    /// What files and messages call it.
    package let name: String
    /// The variants that it is for, by operation; the cases of these operations tell how good it is.
    package let variants: [Operation: Set<KernelVariant>]
    /// Its numbers, and what may be tried for each.
    package let knobs: [(name: String, candidates: [Int])]
    private let read: @Sendable (TuningTable) -> [String: Int]
    private let write: @Sendable ([String: Int], inout TuningTable, Device) -> String?

    /// Every tuning that can be measured.
    package static let all: [TuningRow] = [
        TuningRow("linear", \.linear, for: [.linear: [.portable], .patchEmbedding: [.portable, .simd]]),
        TuningRow("linear-tiled", \.linearTiled, for: [.linear: [.tiled]]),
        TuningRow("attention", \.attention, for: [.attention: [.portable]]),
        TuningRow("attention-simd", \.attentionSIMD, for: [.attention: [.simd]]),
        TuningRow("attention-tiled", \.attentionTiled, for: [.attention: [.tiled]]),
        TuningRow(
            "rows", \.rows,
            for: [
                .layerNorm: [.portable], .softmax: [.portable], .pooling: [.portable], .queryKey: [.portable],
                .gating: [.portable], .attentionMap: [.portable],
            ]),
    ]

    private init<Tuning: KernelTuning>(
        _ name: String, _ path: any WritableKeyPath<TuningTable, Tuning> & Sendable,
        for variants: [Operation: Set<KernelVariant>]
    ) {
        (self.name, self.variants) = (name, variants)
        knobs = Tuning.knobs.map { ($0.name, $0.candidates) }
        read = { $0[keyPath: path].defines }
        write = { values, table, device in table[keyPath: path].set(values, on: device) }
    }

    /// The row of a name; nil where there is none.
    package static func named(_ name: String) -> TuningRow? { all.first { $0.name == name } }

    /// The operations that run under this tuning on a device, by their best variants; none where it does not matter.
    package func operations(on profile: DeviceProfile) -> Set<Operation> {
        Set(variants.filter { $1.contains(SelectionTable.variants(of: $0, on: profile)[0]) }.keys)
    }

    /// The numbers that a device gets.
    package func values(on profile: DeviceProfile) -> [String: Int] { read(profile.tunings) }

    /// Puts measured numbers into a table; those of a tuning that cannot be used leave it as it was, and are told.
    static func apply(_ measured: TuningValues, to table: inout TuningTable, of device: Device) -> [String] {
        measured.sorted { $0.key < $1.key }.compactMap { name, values in
            guard let row = named(name) else { return "there is no tuning '\(name)'" }
            return row.write(values, &table, device).map { "\(name): \($0)" }
        }
    }
}

extension KernelTuning {
    /// Takes other numbers, all or none; tells why they cannot be used.
    fileprivate mutating func set(_ values: [String: Int], on device: Device) -> String? {
        var changed = self
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let knob = Self.knobs.first(where: { $0.name == name }) else { return "there is no number \(name)" }
            guard value == self[keyPath: knob.path] || knob.candidates.contains(value) else {
                return "\(name) is \(value), but may be one of \(knob.candidates)"
            }
            changed[keyPath: knob.path] = value
        }
        guard changed.isLegal else {
            let numbers = changed.defines.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            return numbers.joined(separator: ", ") + " do not go together"
        }
        guard changed.items <= device.maximumWorkGroupSize else {
            return "a work-group would have \(changed.items) items, but may have \(device.maximumWorkGroupSize)"
        }
        self = changed
        return nil
    }
}
