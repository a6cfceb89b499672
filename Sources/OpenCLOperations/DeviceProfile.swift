package import OpenCLRuntime

/// Facts, quirks and tunings of a device: the only thing that an operation asks.
package struct DeviceProfile: Sendable {
    /// What the driver says of the device.
    package let device: Device
    /// What is known of it beyond that.
    package let quirks: Set<Quirk>
    let linear: LinearTuning
    let rows: RowTuning
    let attention: AttentionTuning
    let attentionSIMD: AttentionSIMDTuning
    let linearTiled: LinearTiledTuning
    let attentionTiled: AttentionTiledTuning
    /// The kind of device that variants and tunings are chosen for.
    let kind: Device.Kind

    /// Looks a device up in the tables, under the tunings of its own or another kind of device.
    package init(_ device: Device, tunedAs kind: Device.Kind? = nil) {
        self.device = device
        quirks = Quirk.matching(device)
        let tunings = TuningTable.defaults(for: device, as: kind)
        (linear, rows, attention) = (tunings.linear, tunings.rows, tunings.attention)
        attentionSIMD = tunings.attentionSIMD
        (linearTiled, attentionTiled) = (tunings.linearTiled, tunings.attentionTiled)
        self.kind = kind ?? device.kind
    }

    /// Whether layer norm runs inside the linear that follows it, unless the backend's options say otherwise.
    package var fusesLayerNorm: Bool { linear.fusesLayerNorm }

    /// Whether a work-group of so many items, with so much local memory, runs on the device.
    func canRun(items: Int, localBytes: Int) -> Bool {
        items <= device.maximumWorkGroupSize && localBytes <= device.localMemory
    }

    /// Whether `auto` may choose the device.
    package var isEligibleForAutomaticChoice: Bool { !quirks.contains(.neverAutomatic) }
}
