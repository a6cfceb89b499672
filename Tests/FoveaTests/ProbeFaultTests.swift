import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

/// The probe of matrix instructions on a driver that refuses everything in a context in which a kernel has failed.
@Suite("A form that loses its context", .requiresOpenCL, .serialized)
struct ProbeFaultTests {
    private static let candidates = [
        NarrowProduct(.bfloat16, .mma16, emulation: .faithful), NarrowProduct(.bfloat16, .dpas8, emulation: .faithful),
        NarrowProduct(.bfloat16, .portable),
    ]

    private static func backend() throws -> OpenCLBackend {
        var options = OpenCLBackend.Options()
        (options.precision, options.candidates) = (.bfloat16, candidates)
        return try OpenCLBackend(#require(TestDevice.first), options: options)
    }

    /// Lets a launch of the first form fail, and says what was wrong; nil where nothing was.
    private static func complaint(layer path: String) throws -> String? {
        guard let layer = FaultLayer(path) else { return "the layer does not load" }
        guard let small = OperationCases.small.first(where: { $0.operation == .linear }) else { return "no case" }
        layer.losesContexts()
        layer.inject(-9999, in: "clEnqueueNDRangeKernel", call: 1)
        let broken = try OpenCLBackend(#require(TestDevice.first))
        let runs = (0..<2).compactMap { _ in try? small.run(on: broken) }
        guard runs.isEmpty else { return "the layer loses no context" }
        // The first is the portable form's, whose answer all are held to.
        layer.inject(-9999, in: "clEnqueueNDRangeKernel", call: 3)
        let backend = try backend()
        guard layer.wasHit, let selection = backend.selection else { return "nothing was launched" }
        let refusals = selection.refusals.map { "\($0)" }
        guard selection.product == candidates[1], !selection.attendsInFloat32,
            refusals.count == 1, refusals[0].hasPrefix("mma16 is not used for linear: failed: ")
        else { return "\(selection.product) was taken: \(refusals)" }
        // What a model gets is in no context that was lost.
        let agreement = Deviation(try small.run(on: backend), from: small.run(on: ReferenceBackend()))
        return agreement.normalized < 0.05 ? nil : "linear is off by \(agreement)"
    }

    @Test("is refused alone: the next is put to the probe in another one, and a model runs by it")
    func lost() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/FaultLayer.so"
        guard FaultLayer.compile(to: path) else { try Test.cancel("no C compiler, or no CL/cl_layer.h") }
        // A process of its own, because layers come before the first OpenCL call.
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            [path = path as String] in
            print(try Self.complaint(layer: path) ?? "all well")
        }
        let answer = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        #expect(answer.contains("all well"), "\(answer)")
    }
}
