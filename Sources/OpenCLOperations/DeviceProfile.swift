package import OpenCLRuntime

/// Facts, quirks and tunings of a device: the only thing that an operation asks.
package struct DeviceProfile: Sendable {
    /// What the driver says of the device.
    package let device: Device
    /// What is known of it beyond that.
    package let quirks: Set<Quirk>
    let linear: LinearTuning
    let layerNorm: LayerNormTuning
    let attention: AttentionTuning
    let softmax: SoftmaxTuning

    /// Looks a device up in the tables.
    package init(_ device: Device) {
        self.device = device
        quirks = Quirk.matching(device)
        let tunings = TuningTable.defaults(for: device)
        (linear, layerNorm, attention, softmax) =
            (tunings.linear, tunings.layerNorm, tunings.attention, tunings.softmax)
    }

    /// Whether `auto` may choose the device.
    package var isEligibleForAutomaticChoice: Bool { !quirks.contains(.neverAutomatic) }
}
