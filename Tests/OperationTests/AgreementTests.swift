import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

/// A case in one variant; the name that a failure shows.
struct VariantCase: CustomTestStringConvertible {
    let operationCase: any OperationCase
    let variant: KernelVariant

    var testDescription: String { "\(operationCase), \(variant)" }

    static let all: [VariantCase] = OperationCases.all.flatMap { operationCase in
        KernelVariant.allCases.map { VariantCase(operationCase: operationCase, variant: $0) }
    }
}

@Suite("Every operation on the device agrees with its definition", .requiresOpenCL, .serialized)
struct AgreementTests {
    /// One backend a variant and way of running layer norm, so that each kernel is compiled once.
    private struct Backends {
        let device: Device
        private var made: [String: OpenCLBackend] = [:]

        init(_ device: Device) { self.device = device }

        mutating func backend(_ variant: KernelVariant, fusingLayerNorm fuses: Bool) throws -> OpenCLBackend {
            let key = "\(variant)\(fuses)"
            if let backend = made[key] { return backend }
            var options = OpenCLBackend.Options()
            options.variants = Dictionary(uniqueKeysWithValues: Operation.allCases.map { ($0, variant) })
            options.fillsWithNaN = true
            options.fusesLayerNorm = fuses
            let backend = try OpenCLBackend(device, options: options)
            made[key] = backend
            return backend
        }
    }

    @Test("twice on one session, memory filled with NaN before", arguments: Operation.allCases)
    func agreement(operation: Operation) throws {
        var backends = Backends(try #require(TestDevice.first))
        for variantCase in VariantCase.all where variantCase.operationCase.operation == operation {
            let operationCase = variantCase.operationCase
            let expected = operationCase.run(on: ReferenceBackend())
            for fuses in operation == .linear ? [false, true] : [false] {
                let backend = try backends.backend(variantCase.variant, fusingLayerNorm: fuses)
                let prepared = try operationCase.prepare(on: backend)
                let first = try backend.download(prepared.run())
                let second = try backend.download(prepared.run())
                let deviation = Deviation(first, from: expected)
                #expect(
                    deviation.normalized <= operationCase.tolerance,
                    "\(variantCase.testDescription), layer norm \(fuses ? "fused" : "apart"): \(deviation)")
                #expect(first.values.map(\.bitPattern) == second.values.map(\.bitPattern), "\(variantCase) differs")
            }
        }
    }
}

