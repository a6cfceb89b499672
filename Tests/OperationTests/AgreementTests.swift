import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

/// One way to run the cases: a variant, under the tuning of a kind of device, layer norm apart or fused.
struct Way: CustomTestStringConvertible {
    let variant: KernelVariant
    let tunedAs: Device.Kind?
    let fusesLayerNorm: Bool

    var testDescription: String {
        "\(variant), tuned for \(tunedAs?.rawValue ?? "the device"), layer norm \(fusesLayerNorm ? "fused" : "apart")"
    }

    /// What any kind of device would run: every variant, under the tunings of CPU devices and of GPUs where it has any.
    static func all(_ operation: Operation, on device: Device) -> [Way] {
        let fusions = operation == .linear ? [false, true] : [false]
        return SelectionTable.variants(of: operation, on: DeviceProfile(device)).flatMap { variant in
            fusions.flatMap { fuses in
                (variant == .plain ? [nil] : [.cpu, .gpu]).map { kind in
                    Way(variant: variant, tunedAs: kind, fusesLayerNorm: fuses)
                }
            }
        }
    }
}

@Suite("Every operation on the device agrees with its definition", .requiresOpenCL, .serialized)
struct AgreementTests {
    /// One backend a way, so that each kernel is compiled once.
    private struct Backends {
        let device: Device
        private var made: [String: OpenCLBackend] = [:]

        init(_ device: Device) { self.device = device }

        mutating func backend(_ way: Way) throws -> OpenCLBackend {
            let key = "\(way)"
            if let backend = made[key] { return backend }
            var options = OpenCLBackend.Options()
            options.variants = Dictionary(uniqueKeysWithValues: Operation.allCases.map { ($0, way.variant) })
            options.fillsWithNaN = true
            options.fusesLayerNorm = way.fusesLayerNorm
            options.tunedAs = way.tunedAs
            let backend = try OpenCLBackend(device, options: options)
            made[key] = backend
            return backend
        }
    }

    @Test("twice on one session, memory filled with NaN before", arguments: Operation.allCases)
    func agreement(operation: Operation) throws {
        let device = try #require(TestDevice.first)
        var backends = Backends(device)
        let cases = OperationCases.all.filter { $0.operation == operation }
        for way in Way.all(operation, on: device) {
            let backend = try backends.backend(way)
            try backend.compileKernels { () throws(OpenCLError) in
                for operationCase in cases { _ = try operationCase.prepare(on: backend).run() }
            }
        }
        for operationCase in cases {
            let expected = operationCase.run(on: ReferenceBackend())
            for way in Way.all(operation, on: device) {
                let backend = try backends.backend(way)
                let prepared = try operationCase.prepare(on: backend)
                let first = try backend.download(prepared.run())
                let second = try backend.download(prepared.run())
                let deviation = Deviation(first, from: expected)
                #expect(
                    deviation.normalized <= operationCase.tolerance,
                    "\(operationCase), \(way.testDescription): \(deviation)")
                #expect(
                    first.values.map(\.bitPattern) == second.values.map(\.bitPattern),
                    "\(operationCase), \(way.testDescription): the second run differs")
            }
        }
    }
}
