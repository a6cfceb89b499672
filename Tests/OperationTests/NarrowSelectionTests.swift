import OpenCLRuntime
import OperationCases
import Operations
import Synchronization
import Testing

@testable import OpenCLOperations

/// The probe that stands between a matrix instruction and a model, on instructions that are imitated well and badly.
@Suite("The probe of matrix instructions", .requiresOpenCL, .serialized)
struct NarrowSelectionTests {
    private static func backend(
        _ precision: Precision?, among candidates: [NarrowProduct]? = nil, keptIn store: MemoryStore? = nil,
        timing: NarrowTiming? = nil
    ) throws -> OpenCLBackend {
        var options = OpenCLBackend.Options()
        (options.selections, options.narrowTiming) = (store, timing)
        (options.precision, options.candidates, options.fillsWithNaN) = (precision, candidates, true)
        return try OpenCLBackend(try #require(TestDevice.first), options: options)
    }

    /// Instructions whose layouts differ most, in bfloat16 where they multiply that.
    ///
    /// Each takes some programs to compile, and each of those seconds: `MatrixInstructionTests` has all of them.
    private static func products(_ instructions: [MatrixInstruction], _ emulation: MatrixEmulation) -> [NarrowProduct] {
        instructions.map { instruction in
            NarrowProduct(
                instruction.multiplies(.bfloat16) ? .bfloat16 : .float16, instruction.form, emulation: emulation)
        }
    }

    @Test("lets waves attend where warp groups are wrong there alone", arguments: products([.wgmma], .exchangedWeights))
    func wavesAttend(product: NarrowProduct) throws {
        let portable = NarrowProduct(product.precision, .portable)
        let selection = try #require(try Self.backend(product.precision, among: [product, portable]).selection)
        #expect(selection.product == product && selection.attention == .mma16 && !selection.attendsInFloat32)
        let refusal = try #require(selection.refusals.first)
        #expect(selection.refusals.count == 1 && refusal.operation == .attention && refusal.form == .wgmma)
        #expect(refusal.reason.wholeMatch(of: /computed \S+ instead of \S+/) != nil, "\(refusal)")
    }

    @Test(
        "takes an instruction that computes what it should, for attention too",
        arguments: products([.wgmma, .wmma11], .faithful))
    func right(product: NarrowProduct) throws {
        let portable = NarrowProduct(product.precision, .portable)
        let selection = try Self.backend(product.precision, among: [product, portable]).selection
        #expect(selection == NarrowSelection(product))
    }

    @Test(
        "refuses one whose sums lie in other lanes, and goes on with the next",
        arguments: products([.wgmma, .mma8], .exchangedSums))
    func wrongSums(product: NarrowProduct) throws {
        let next = NarrowProduct(product.precision, .dpas8, emulation: .faithful)
        let candidates = [product, next, NarrowProduct(product.precision, .portable)]
        let selection = try #require(try Self.backend(product.precision, among: candidates).selection)
        #expect(selection.product == next && selection.attention == .dpas8)
        let refusal = try #require(selection.refusals.first)
        #expect(selection.refusals.count == 1 && refusal.operation == .linear && refusal.form == product.form)
        #expect(refusal.reason.wholeMatch(of: /computed \S+ instead of \S+/) != nil, "\(refusal)")
    }

    // Not DPAS, a lane of which has all sums of a query and asks no other.
    @Test(
        "keeps attention alone from one that is wrong there alone",
        arguments: products([.mma16, .wmma11], .deafLanes))
    func wrongAttention(product: NarrowProduct) throws {
        let portable = NarrowProduct(product.precision, .portable)
        let backend = try Self.backend(product.precision, among: [product, portable])
        let selection = try #require(backend.selection)
        #expect(selection.product == product && selection.attendsInFloat32)
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

    /// Two that are right, and the portable one.
    private static let rivals = [
        NarrowProduct(.bfloat16, .mma16, emulation: .faithful), NarrowProduct(.bfloat16, .dpas8, emulation: .faithful),
        NarrowProduct(.bfloat16, .portable),
    ]

    @Test("takes the faster of two that are right, keeps it, and puts the next backend to no probe")
    func faster() throws {
        let store = MemoryStore()
        let turns = Mutex<[NarrowForm]>([])
        let first = try Self.backend(.bfloat16, among: Self.rivals, keptIn: store) { product in
            let turn = turns.withLock { turns in
                turns.append(product.form)
                return turns.count
            }
            // The best of its turns counts.
            return (product.form == .mma16 ? 310e-6 : 120e-6) + (turn < 5 ? 1 : 0)
        }
        let selection = try #require(first.selection)
        #expect(selection.product == Self.rivals[1] && selection.attention == .dpas8)
        #expect(
            selection.refusals == [
                NarrowSelection.Refusal(.linear, by: .mma16, .slower, "0.31 ms against 0.12 of dpas8")
            ])
        #expect(turns.withLock { Array($0.prefix(4)) } == [.mma16, .dpas8, .mma16, .dpas8])
        let second = try Self.backend(.bfloat16, among: Self.rivals, keptIn: store) { _ in
            Issue.record("timed again")
            return 1
        }
        #expect(second.selection == selection)
    }

    @Test("times two that are right on the device")
    func clock() throws {
        let selection = try #require(try Self.backend(.bfloat16, among: Self.rivals).selection)
        #expect(Self.rivals.dropLast().contains(selection.product))
        let refusal = try #require(selection.refusals.first)
        #expect(selection.refusals.count == 1 && refusal.cause == .slower)
        #expect(
            refusal.reason.wholeMatch(of: /[0-9.]+ ms against [0-9.]+ of (mma16|dpas8)(, too little to matter)?/)
                != nil,
            "\(refusal)")
    }

    @Test("takes shuffles, which are no hardware for products, only where they are faster than the portable form")
    func shuffles() throws {
        let candidates = [
            NarrowProduct(.bfloat16, .subgroup8, emulation: .faithful), NarrowProduct(.bfloat16, .portable),
        ]
        for fast in candidates {
            let selection = try Self.backend(.bfloat16, among: candidates) { $0 == fast ? 1e-3 : 2e-3 }.selection
            #expect(selection?.product == fast && selection?.attendsInFloat32 == false)
            #expect(selection?.refusals.map(\.cause) == [.slower])
        }
    }

    @Test("does not keep what did not run")
    func notKept() throws {
        let store = MemoryStore()
        let selection = try #require(
            try Self.backend(.bfloat16, among: Self.rivals, keptIn: store) { product throws(OpenCLError) in
                if product.form == .mma16 { throw OpenCLError(.storage, "no room") }
                return 1
            }.selection)
        #expect(selection.product == Self.rivals[1])
        #expect(selection.refusals == [NarrowSelection.Refusal(.linear, by: .mma16, .failed, "failed:  no room")])
        #expect(store.isEmpty)
    }

    @Test("goes by times, and by preference where they are about the same")
    func times() {
        let error = OpenCLError(.storage, "no room")
        func fastest(_ times: [Double?]) -> (product: NarrowProduct, refusals: [NarrowSelection.Refusal]) {
            NarrowSelection.fastest(of: Self.rivals, times.map { $0.map { .success($0) } ?? .failure(error) })
        }
        #expect(fastest([3e-3, 2e-3, 1e-3]).product == Self.rivals[2])
        let near = fastest([1.04e-3, 1e-3, 2e-3])
        #expect(near.product == Self.rivals[0] && near.refusals.allSatisfy { $0.cause == .slower })
        #expect(near.refusals[0].reason == "1.0 ms against 1.04 of mma16, too little to matter")
        #expect(near.refusals[1].reason == "2.0 ms against 1.04 of mma16")
        let failing = fastest([nil, 5, nil])
        #expect(failing.product == Self.rivals[1] && failing.refusals.map(\.cause) == [.failed, .failed])
        #expect(fastest([nil, nil, nil]).product == Self.rivals[0])
    }

    @Test("takes nothing from a store that the device's facts do not allow")
    func foreign() throws {
        let device = try #require(TestDevice.first)
        guard device.kind == .cpu else { return }
        let candidates = [NarrowProduct(.bfloat16, .mfma), NarrowProduct(.bfloat16, .portable)]
        let store = MemoryStore()
        store.keep(NarrowSelection(NarrowProduct(.bfloat16, .wgmma)), among: candidates)
        let selection = try #require(try Self.backend(.bfloat16, among: candidates, keptIn: store).selection)
        #expect(selection.product.form == .portable && store.selection(among: candidates) == selection)
        // What is kept and allowed is taken as it is: nothing is compiled.
        store.keep(NarrowSelection(candidates[0]), among: candidates)
        #expect(
            try Self.backend(.bfloat16, among: candidates, keptIn: store).selection == NarrowSelection(candidates[0]))
    }

    @Test("has one fingerprint for the kernels of a device")
    func fingerprint() throws {
        let device = try #require(TestDevice.first)
        #expect(NarrowSelection.fingerprint(on: device) == NarrowSelection.fingerprint(on: device))
        #expect(NarrowSelection.fingerprint(on: device).count > 8)
    }
}

/// Keeps selections as long as it is.
private final class MemoryStore: NarrowSelectionStore {
    private let kept = Mutex<[[NarrowProduct]: NarrowSelection]>([:])

    var isEmpty: Bool { kept.withLock { $0.isEmpty } }

    func selection(among products: [NarrowProduct]) -> NarrowSelection? { kept.withLock { $0[products] } }

    func keep(_ selection: NarrowSelection, among products: [NarrowProduct]) {
        kept.withLock { $0[products] = selection }
    }
}
