package import OpenCLOperations
package import OpenCLRuntime
package import Operations

/// Every OpenCL device there is, and what `auto` makes of it.
package struct DeviceSurvey: Sendable {
    /// One device.
    package struct Entry: Sendable {
        /// The device.
        package let device: Device
        /// Whether `auto` computes on it, and why not.
        package let verdict: AutomaticChoice.Verdict
        /// The kernels that each operation could get, the one it gets first.
        package let kernels: [(operation: Operation, variants: [KernelVariant])]
        /// Whether layer norm runs inside the linear that follows it.
        package let fusesLayerNorm: Bool
        /// What probes found, in each precision that a matrix instruction of the device should multiply.
        package let probed: [NarrowSelection]

        /// How each precision below float32 would multiply: as a probe found, else by what the processor has, of which a
        /// probe decides when a model runs.
        package var narrowProducts: [NarrowProduct] {
            Self.narrowPrecisions.compactMap { precision in
                probed.first { $0.product.precision == precision }?.product
                    ?? NarrowForm.candidates(for: precision, on: device).first.map { NarrowProduct(precision, $0) }
            }
        }

        private static let narrowPrecisions = [Precision.float16, .bfloat16, .int8]

        /// Puts a device to the probes of its matrix instructions, whatever is kept of them; one that cannot be opened has
        /// none.
        fileprivate static func probe(_ device: Device, keepingIn records: DeviceRecords?) -> [NarrowSelection] {
            let precisions = narrowPrecisions.filter {
                NarrowForm.candidates(for: $0, on: device).contains { $0.instruction != nil }
            }
            guard !precisions.isEmpty else { return [] }
            var options = OpenCLBackend.Options()
            options.programCache = .standard
            options.selections = DeviceSelections(of: device, in: records, probesAnew: true)
            let probe = NarrowProbe(device, options)
            return precisions.compactMap { try? probe.select(among: NarrowForm.products(in: $0, on: device)) }
        }

        /// Why a GPU would get each of the matrix instructions or not, for float16; nil where it should have it.
        package var matrixInstructions: [(instruction: MatrixInstruction, refusal: String?)] {
            device.kind == .cpu
                ? [] : MatrixInstruction.allCases.map { ($0, $0.refusal(in: .float16, by: device)) }
        }

        /// The extensions that speed or precision depend on, sorted: narrow numbers, subgroups, matrix units, recorded
        /// launches, facts beyond the standard ones.
        package var notableExtensions: [String] {
            let topics = [
                "fp16", "fp64", "subgroup", "dot_product", "matrix", "command_buffer", "attribute", "il_program",
            ]
            return device.extensions.filter { name in topics.contains { name.contains($0) } }.sorted()
        }
    }

    /// The devices, in the order of their numbers.
    package let entries: [Entry]
    /// Why there is no OpenCL device; nil where there is one.
    package let absence: String?
    /// Where `auto` computes.
    package let automatic: ComputeDevice

    /// Looks at all devices; GPUs are put to their self-test and to the probes of their matrix instructions, which may
    /// compile.
    ///
    /// - Parameter records: Where what probes find is kept, in place of what they found earlier; nil for nowhere.
    package init(records: DeviceRecords? = .standard) {
        let devices: [Device]
        do {
            devices = try Device.discover()
            absence = nil
        } catch {
            devices = []
            absence = "\(error)"
        }
        let choice = AutomaticChoice(among: devices)
        automatic = choice.device
        entries = zip(devices, choice.verdicts).map { device, verdict in
            let profile = DeviceProfile(device)
            let kernels = Operation.allCases.map { ($0, SelectionTable.variants(of: $0, on: profile)) }
            return Entry(
                device: device, verdict: verdict, kernels: kernels, fusesLayerNorm: profile.fusesLayerNorm,
                probed: Entry.probe(device, keepingIn: records))
        }
    }
}

extension AutomaticChoice.Verdict: CustomStringConvertible {
    /// A phrase for people.
    package var description: String {
        switch self {
        case .chosen: "auto computes here"
        case .outranked(let device): "auto prefers opencl:\(device.index)"
        case .excluded(let quirk): "never chosen by auto: \(quirk.explanation)"
        case .failedSelfTest(let failure): "never chosen by auto: its self-test failed: \(failure)"
        case .unknownKind: "never chosen by auto: neither GPU, accelerator nor CPU"
        }
    }
}
