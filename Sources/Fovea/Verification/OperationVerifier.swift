package import OpenCLOperations
package import OpenCLRuntime
import OperationCases
package import Operations

/// One way in which a device can run an operation.
package struct KernelForm: Sendable, Hashable, CustomStringConvertible {
    /// The kernel.
    package let variant: KernelVariant
    /// The kind of device whose tunings it has; nil where no tuning matters.
    package let tunedAs: Device.Kind?
    /// Whether layer norm runs inside the linear that follows it; nil for operations that no norm precedes.
    package let fusesLayerNorm: Bool?
    /// How factors below float32 are multiplied; nil for float32.
    package var narrow: NarrowProduct?
    /// The instruction of attention where it is not that of `narrow`.
    package var attention: MatrixInstruction?
    /// Whether it has the tunings that were measured on the device.
    package var isMeasured = false

    /// `plain`, or `portable for gpu, norm fused`.
    package var description: String {
        if let narrow { return "\(narrow)" + (attention.map { " by \($0.form.rawValue)" } ?? "") }
        return variant.rawValue + (tunedAs.map { " for \($0.rawValue)" } ?? "") + (isMeasured ? " as tuned" : "")
            + (fusesLayerNorm.map { $0 ? ", norm fused" : ", norm apart" } ?? "")
    }
}

/// What all cases of an operation gave in one form.
package struct OperationReport: Sendable {
    /// The operation.
    package let operation: Operation
    /// How it ran.
    package let form: KernelForm
    /// Case by case, in the order of the list; never empty.
    package let agreements: [Agreement]

    /// The case that comes closest to what is allowed, or exceeds it furthest.
    package var worst: Agreement? { agreements.max { $0.severity < $1.severity } }
}

/// Holds every operation of a device, in every kernel that it can run, to the operation's definition.
///
/// Results are filled with NaN before a kernel writes them, so that an element nobody writes is seen; each case runs
/// twice on one session and must give the same bits.
package struct OperationVerifier {
    private let device: Device
    private let emulates: Bool
    private let cases: [any OperationCase]
    private let measured: TuningValues
    private let backendOptions: OpenCLBackend.Options

    /// Prepares to verify a device.
    ///
    /// - Parameters:
    ///   - isSmall: Takes a few tiny shapes in place of all, for devices that interpret.
    ///   - emulates: Tries kernels of matrix instructions as well, those emulated, each with two shapes: they take seconds.
    ///   - placement: `guarded` puts every buffer before a page that cannot be touched; for CPU devices.
    ///   - programCache: Where compiled programs are kept; nil for nowhere.
    ///   - measured: Tunings to verify beside those that ship.
    package init(
        _ device: Device, isSmall: Bool = false, emulates: Bool = false, placement: Context.BufferPlacement = .device,
        programCache: ProgramCache? = .standard, measured: TuningValues = [:]
    ) {
        (self.device, self.emulates, self.measured) = (device, emulates, measured)
        cases = isSmall ? OperationCases.small : OperationCases.all
        var options = OpenCLBackend.Options()
        (options.fillsWithNaN, options.placement, options.programCache) = (true, placement, programCache)
        backendOptions = options
    }

    /// The forms in which the device can run an operation: every kernel, with the tunings of CPU devices and of GPUs
    /// where it has any, layer norm inside a linear and apart from it.
    package func forms(of operation: Operation) -> [KernelForm] {
        let exact = SelectionTable.variants(of: operation, on: DeviceProfile(device)).flatMap { variant in
            (operation == .linear ? [false, true] : [nil]).flatMap { fuses in
                (variant == .plain ? [nil] : [.cpu, .gpu]).map { kind in
                    KernelForm(variant: variant, tunedAs: kind, fusesLayerNorm: fuses)
                }
            }
        }
        return exact + measuredForms(of: operation)
            + ([.linear, .attention, .patchEmbedding].contains(operation) ? narrowForms(of: operation) : [])
    }

    /// The best kernel under the tunings that were measured; none where they do not concern it.
    private func measuredForms(of operation: Operation) -> [KernelForm] {
        let profile = DeviceProfile(device, measured: measured)
        let isConcerned = measured.keys.contains {
            TuningRow.named($0)?.operations(on: profile).contains(operation) == true
        }
        guard isConcerned else { return [] }
        return [
            KernelForm(
                variant: SelectionTable.variants(of: operation, on: profile)[0], tunedAs: nil,
                fusesLayerNorm: operation == .linear ? profile.fusesLayerNorm : nil, isMeasured: true)
        ]
    }

    /// The form that a probe finds for each precision below float32, its portable twin, and `subgroup8` where the device
    /// can run it, chosen or not; of attention what runs by a matrix instruction or by that, of patch embedding what warp
    /// groups multiply.
    private func narrowForms(of operation: Operation) -> [KernelForm] {
        [Precision.float16, .bfloat16, .int8].flatMap { precision -> [KernelForm] in
            var options = OpenCLBackend.Options()
            (options.precision, options.programCache) = (precision, backendOptions.programCache)
            let selection = try? OpenCLBackend(device, options: options).selection
            let (found, portable) = (selection?.product, NarrowProduct(precision, .portable))
            var products = found == portable ? [portable] : [found, portable].compactMap(\.self)
            let shuffled = NarrowProduct(precision, .subgroup8)
            if !products.contains(shuffled), MatrixInstruction.subgroup8.refusal(in: precision, by: device) == nil {
                products.append(shuffled)
            }
            return products.flatMap { product -> [KernelForm] in
                var form = KernelForm(variant: .portable, tunedAs: nil, fusesLayerNorm: nil, narrow: product)
                switch operation {
                case .attention:
                    let attention = product == found ? selection?.attention : product.form.instruction
                    // Beside warp groups waves attend to what those do not.
                    return Set([attention, attention?.ofWaves].compactMap(\.self)).sorted { $0.rawValue > $1.rawValue }
                        .map { instruction in
                            form.attention = instruction == product.form.instruction ? nil : instruction
                            return form
                        }
                case .patchEmbedding: return product.form.instruction == .wgmma ? [form] : []
                default: return [form]
                }
            }
        }
            + (emulates ? emulatedForms(of: operation) : [])
    }

    /// Kernels of matrix instructions with those as functions over local memory: a device that interprets has none of its
    /// own.
    private func emulatedForms(of operation: Operation) -> [KernelForm] {
        // Of warp groups attention has a kernel for heads 64 wide, and leaves others' results where linear layers read them.
        let instructions: [MatrixInstruction] = operation == .patchEmbedding ? [.wgmma] : [.wgmma, .mma16]
        return instructions.map { instruction in
            let product = NarrowProduct(.bfloat16, instruction.form, emulation: .faithful)
            return KernelForm(variant: .portable, tunedAs: nil, fusesLayerNorm: nil, narrow: product)
        }
    }

    /// Runs all cases of an operation in all its forms, and tells of each case and of each form as it is done.
    ///
    /// - Throws: `FoveaError` where the device cannot be opened; a case that fails is told, not thrown.
    package func verify(
        _ operation: Operation, eachCase: (KernelForm, Agreement) -> Void = { _, _ in },
        eachForm: (OperationReport) -> Void
    ) throws(FoveaError) {
        let cases = cases.filter { $0.operation == operation }
        let expected = cases.map { $0.run(on: ReferenceBackend()) }
        // What is emulated takes its time: two cases, for attention has a kernel for heads as most are, and one for others.
        let emulated = cases.indices.sorted { cases[$0].work.flop > cases[$1].work.flop }.prefix(2)
        for form in forms(of: operation) {
            let backend = try backend(for: form)
            // What fails here fails again below, in the case that it is of.
            if form.narrow?.isEmulated != true {
                try? backend.compileKernels { () throws(OpenCLError) in
                    for operationCase in cases { _ = try operationCase.prepare(on: backend).run() }
                }
            }
            var agreements: [Agreement] = []
            for (index, (operationCase, expected)) in zip(cases, expected).enumerated() {
                if form.narrow?.isEmulated == true, !emulated.contains(index) { continue }
                let agreement = Agreement(
                    running: operationCase, on: backend, in: form.narrow?.precision ?? .float32, expected: expected)
                eachCase(form, agreement)
                agreements.append(agreement)
            }
            eachForm(OperationReport(operation: operation, form: form, agreements: agreements))
        }
    }

    private func backend(for form: KernelForm) throws(FoveaError) -> OpenCLBackend {
        var options = backendOptions
        options.variants = Dictionary(uniqueKeysWithValues: Operation.allCases.map { ($0, form.variant) })
        options.fusesLayerNorm = form.fusesLayerNorm
        options.tunedAs = form.tunedAs
        if form.isMeasured { options.measuredTunings = measured }
        (options.precision, options.narrowForm) = (form.narrow?.precision ?? .float32, form.narrow?.form)
        options.narrowAttention = form.attention
        options.emulatesMatrices = form.narrow?.isEmulated == true
        do {
            return try OpenCLBackend(device, options: options)
        } catch {
            throw FoveaError(error)
        }
    }
}
