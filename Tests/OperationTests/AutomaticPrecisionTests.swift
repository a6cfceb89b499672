import OpenCLOperations
import OpenCLRuntime
import Operations
import Testing

@Suite("What auto computes in")
struct AutomaticPrecisionTests {
    /// What `auto` comes to where products in some precisions have a form and all others are portable.
    private static func automatic(_ forms: [Precision: NarrowForm]) -> NarrowProduct? {
        NarrowSelection.automatic { precision in
            NarrowSelection(NarrowProduct(precision, forms[precision] ?? .portable))
        }?.product
    }

    @Test(
        "is bfloat16 by a matrix instruction that multiplies it, else float16",
        arguments: MatrixInstruction.allCases.filter(\.isHardware))
    func instructions(instruction: MatrixInstruction) {
        let precisions = [Precision.float16, .bfloat16].filter(instruction.multiplies)
        let forms = Dictionary(uniqueKeysWithValues: precisions.map { ($0, instruction.form) })
        let expected = instruction == .mma8 ? Precision.float16 : .bfloat16
        #expect(Self.automatic(forms) == NarrowProduct(expected, instruction.form))
    }

    @Test("is float16 where the probe of bfloat16 failed, and float32 where no form is a matrix instruction")
    func others() {
        #expect(Self.automatic([.float16: .mma16]) == NarrowProduct(.float16, .mma16))
        #expect(Self.automatic([:]) == nil)
        #expect(Self.automatic([.bfloat16: .avx512BF16, .int8: .avx2]) == nil)
        #expect(Self.automatic([.bfloat16: .subgroup8, .float16: .subgroup8]) == nil)
    }

    @Test("is float32 on a device without matrix instructions", .requiresOpenCL)
    func device() throws {
        let device = try #require(TestDevice.first)
        let hardware = MatrixInstruction.allCases.filter(\.isHardware)
        guard hardware.allSatisfy({ $0.refusal(in: .float16, by: device) != nil }) else { return }
        var options = OpenCLBackend.Options()
        options.precision = nil
        let backend = try OpenCLBackend(device, options: options)
        #expect(backend.precision == .float32 && backend.selection == nil)
    }
}
