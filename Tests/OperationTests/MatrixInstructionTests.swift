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
        [Precision.float16, .bfloat16].filter(instruction.multiplies).map { precision in
            NarrowProduct(precision, instruction.form, emulation: .faithful)
        }
    }

    private static func backend(_ product: NarrowProduct) throws -> OpenCLBackend {
        var options = OpenCLBackend.Options()
        (options.precision, options.narrowForm) = (product.precision, product.form)
        (options.emulatesMatrices, options.fillsWithNaN, options.placement) = (true, true, .guarded)
        return try OpenCLBackend(try #require(TestDevice.first), options: options)
    }

    /// Every fusion, edges of tiles on all sides, lengths n² + 1; of instructions that share their kernels' code with these
    /// and differ in their layouts, what goes through all of those.
    ///
    /// Each case compiles a program for each product, and those of attention take seconds: all of the list would take a
    /// quarter of an hour.
    private static func cases(for product: NarrowProduct) -> [any OperationCase] {
        var names = [
            "linear 40×192→65 after norm then gelu", "linear 37×48→50 + residual",
            "attention 1×26 tokens, 2 heads of 72", "attention 2×65 tokens, 3 heads of 16, bias",
        ]
        if product.precision == .bfloat16, [.wgmma, .mma16, .wmma11, .dpas16].contains(product.form) {
            names += [
                "linear 197×96→80", "linear 3×3072→24", "attention 2×33 tokens, 3 heads of 16",
                "attention 1×197 tokens, 2 heads of 32", "attention 2×41 tokens, 2 heads of 24, the first 5 ask",
            ]
        } else if product.precision == .float16 {
            // The operands' layouts do not depend on their precision.
            names.removeAll { $0.hasSuffix("bias") }
        }
        if product.form == .wgmma {
            names += [60, 130, 200, 280, 300].map { "attention 2×\($0) tokens, 1 head of 64" }
            names.append("attention 1×205 tokens, 2 heads of 64, sharpness 30, the first 70 ask")
        }
        let cases = OperationCases.all.filter { names.contains("\($0)") }
        #expect(cases.count == names.count)
        return cases
    }

    @Test("linear and attention agree with the definition", arguments: products)
    func agreement(product: NarrowProduct) throws {
        let backend = try Self.backend(product)
        for operationCase in Self.cases(for: product) {
            let deviation = Deviation(
                try operationCase.run(on: backend), from: operationCase.run(on: ReferenceBackend()))
            #expect(
                deviation.normalized <= operationCase.tolerance(in: product.precision),
                "\(operationCase), \(product): \(deviation)")
        }
    }
}
