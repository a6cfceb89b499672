import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

/// The probe that stands between a matrix instruction and a model, on instructions that are imitated well and badly.
@Suite("The probe of matrix instructions", .requiresOpenCL, .serialized)
struct NarrowSelectionTests {
    private static func backend(
        _ precision: Precision?, among candidates: [NarrowProduct]? = nil
    ) throws -> OpenCLBackend {
        var options = OpenCLBackend.Options()
        (options.precision, options.candidates, options.fillsWithNaN) = (precision, candidates, true)
        return try OpenCLBackend(try #require(TestDevice.first), options: options)
    }

    /// Instructions whose layouts differ most, in bfloat16 where they multiply that: each takes some programs to compile.
    private static func products(_ instructions: [MatrixInstruction], _ emulation: MatrixEmulation) -> [NarrowProduct] {
        instructions.map { instruction in
            NarrowProduct(
                instruction.multiplies(.bfloat16) ? .bfloat16 : .float16, instruction.form, emulation: emulation)
        }
    }

    @Test(
        "takes an instruction that computes what it should, for attention too",
        arguments: products([.wgmma, .mma16, .wmma11, .dpas8], .faithful))
    func right(product: NarrowProduct) throws {
        let portable = NarrowProduct(product.precision, .portable)
        let selection = try Self.backend(product.precision, among: [product, portable]).selection
        #expect(selection == NarrowSelection(product))
    }

    @Test(
        "refuses one whose sums lie in other lanes, and goes on with the next",
        arguments: products([.wgmma, .mma8, .mfma, .dpas16], .exchangedSums))
    func wrongSums(product: NarrowProduct) throws {
        let next = NarrowProduct(product.precision, .dpas8, emulation: .faithful)
        let candidates = [product, next, NarrowProduct(product.precision, .portable)]
        let selection = try #require(try Self.backend(product.precision, among: candidates).selection)
        #expect(selection.product == next && selection.multipliesAttention)
        let refusal = try #require(selection.refusals.first)
        #expect(selection.refusals.count == 1 && refusal.operation == .linear && refusal.form == product.form)
        #expect(refusal.reason.wholeMatch(of: /computed \S+ instead of \S+/) != nil, "\(refusal)")
    }

    // Not DPAS, a lane of which has all sums of a query and asks no other.
    @Test(
        "keeps attention alone from one that is wrong there alone",
        arguments: products([.mma16, .mfma, .wmma11], .deafLanes))
    func wrongAttention(product: NarrowProduct) throws {
        let portable = NarrowProduct(product.precision, .portable)
        let backend = try Self.backend(product.precision, among: [product, portable])
        let selection = try #require(backend.selection)
        #expect(selection.product == product && !selection.multipliesAttention)
        let refusal = try #require(selection.refusals.first)
        #expect(selection.refusals.count == 1 && refusal.operation == .attention, "\(refusal)")
        #expect(refusal.reason.wholeMatch(of: /computed \S+ instead of \S+/) != nil, "\(refusal)")
        // What a model gets then are the bits of the portable kernel.
        let exact = try Self.backend(.float32)
        let cases = OperationCases.small.filter { $0.operation == .attention }
        #expect(!cases.isEmpty)
        for operationCase in cases {
            #expect(try operationCase.run(on: backend) == operationCase.run(on: exact), "\(operationCase)")
        }
    }

    @Test("refuses what the driver does not compile, with the compiler's words")
    func notCompiled() throws {
        let device = try #require(TestDevice.first)
        guard device.kind == .cpu else { return }
        // The instruction itself, which no CPU has.
        let candidates = [NarrowProduct(.bfloat16, .mfma), NarrowProduct(.bfloat16, .portable)]
        let selection = try #require(try Self.backend(.bfloat16, among: candidates).selection)
        #expect(selection.product.form == .portable)
        let refusal = try #require(selection.refusals.first)
        #expect(refusal.operation == .linear && refusal.reason.hasPrefix("did not compile: "), "\(refusal)")
        #expect("\(refusal)".hasPrefix("mfma is not used for linear: did not compile: "))
    }

    @Test("decides what auto comes to")
    func automatic() throws {
        func precision(_ candidates: [NarrowProduct]) throws -> Precision {
            let portable = [NarrowProduct(.bfloat16, .portable), NarrowProduct(.float16, .portable)]
            return try Self.backend(nil, among: candidates + portable).precision
        }
        let half = NarrowProduct(.float16, .mma16, emulation: .faithful)
        #expect(try precision([NarrowProduct(.bfloat16, .mma16, emulation: .faithful), half]) == .bfloat16)
        #expect(try precision([NarrowProduct(.float16, .mma8, emulation: .faithful)]) == .float16)
        #expect(try precision([NarrowProduct(.bfloat16, .mma16, emulation: .exchangedSums), half]) == .float16)
        #expect(try precision([]) == .float32)
    }
}
