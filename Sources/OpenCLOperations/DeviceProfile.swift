package import OpenCLRuntime

/// Facts, quirks and tunings of a device: the only thing that an operation asks.
package struct DeviceProfile: Sendable {
    /// What the driver says of the device.
    package let device: Device
    /// What is known of it beyond that.
    package let quirks: Set<Quirk>
    /// The numbers of its kernels.
    let tunings: TuningTable
    /// The kind of device that variants and tunings are chosen for.
    let kind: Device.Kind
    /// Why measured tunings were not used, in phrases; empty where all were.
    package let refusedTunings: [String]

    /// Looks a device up in the tables, under the tunings of its own or another kind of device.
    ///
    /// - Parameter measured: What was measured on it; it goes before the tables.
    package init(_ device: Device, tunedAs kind: Device.Kind? = nil, measured: TuningValues = [:]) {
        self.device = device
        quirks = Quirk.matching(device)
        var tunings = TuningTable.defaults(for: device, as: kind)
        refusedTunings = TuningRow.apply(measured, to: &tunings, of: device)
        self.tunings = tunings
        self.kind = kind ?? device.kind
    }

    var linear: LinearTuning { tunings.linear }
    var rows: RowTuning { tunings.rows }
    var attention: AttentionTuning { tunings.attention }
    var attentionSIMD: AttentionSIMDTuning { tunings.attentionSIMD }
    var linearTiled: LinearTiledTuning { tunings.linearTiled }
    var attentionTiled: AttentionTiledTuning { tunings.attentionTiled }

    /// Whether layer norm runs inside the linear that follows it, unless the backend's options say otherwise.
    package var fusesLayerNorm: Bool { linear.fusesLayerNorm }

    /// Whether a work-group of so many items, with so much local memory, runs on the device.
    func canRun(items: Int, localBytes: Int) -> Bool {
        items <= device.maximumWorkGroupSize && localBytes <= device.localMemory
    }

    /// Whether `auto` may choose the device.
    package var isEligibleForAutomaticChoice: Bool { !quirks.contains(.neverAutomatic) }
}
