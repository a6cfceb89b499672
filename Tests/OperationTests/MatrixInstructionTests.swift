import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

/// The kernels of matrix hardware with the instruction as a function over local memory: each lane holds what it would hold
/// on the device, so that an index that is wrong there is wrong here.
@Suite("Matrix instructions, emulated", .requiresOpenCL, .serialized)
struct MatrixInstructionTests {
    private static let products = MatrixInstruction.allCases.flatMap { instruction in
        // m16n8k8 has no bfloat16.
        (instruction == .mma8 ? [Precision.float16] : [.float16, .bfloat16]).map { precision in
            NarrowProduct(precision, instruction.form, isEmulated: true)
        }
    }

    private static func backend(_ product: NarrowProduct) throws -> OpenCLBackend {
        var options = OpenCLBackend.Options()
        (options.precision, options.narrowForm) = (product.precision, product.form)
        (options.emulatesMatrices, options.fillsWithNaN) = (true, true)
        return try OpenCLBackend(try #require(TestDevice.first), options: options)
    }

    @Test("linear and attention agree with the definition", arguments: products)
    func agreement(product: NarrowProduct) throws {
        let backend = try Self.backend(product)
        for operation in [Operation.linear, .attention] {
            for operationCase in OperationCases.all where operationCase.operation == operation {
                let deviation = Deviation(
                    try operationCase.run(on: backend), from: operationCase.run(on: ReferenceBackend()))
                // What leaves as operands is rounded once more: numbers of up to five deviations, by half a unit.
                let rounding = 5 * (product.precision == .float16 ? 0x1p-12 : 0x1p-9)
                #expect(
                    deviation.normalized <= operationCase.tolerance(in: product.precision) + rounding,
                    "\(operationCase), \(product): \(deviation)")
            }
        }
    }
}
