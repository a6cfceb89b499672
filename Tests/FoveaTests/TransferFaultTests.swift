import Fovea
import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing
import VisionModels

/// Passes through pinned memory, each call of theirs failing once.
@Suite("Passes through pinned memory whose device fails", .requiresOpenCL, .serialized)
struct TransferFaultTests {
    /// What a function answers, and what a caller is told.
    private static let faults: [(function: String, status: Int32, category: FoveaError.Category)] = [
        ("clEnqueueMapBuffer", -4, .outOfMemory), ("clEnqueueWriteBuffer", -5, .deviceFailed),
        ("clEnqueueCopyBuffer", -36, .deviceFailed), ("clEnqueueReadBuffer", -9999, .deviceFailed),
        ("clFlush", -36, .deviceFailed), ("clWaitForEvents", -14, .deviceFailed),
        ("clGetEventInfo", -6, .outOfMemory),
    ]

    private typealias Pass = (input: ModelInput, answer: HostTensor)

    private static func session(staged: Bool) throws -> any InferenceSession {
        try TestDevice.demo(on: TestDevice.require()) {
            // NaN is written into results by calls of their own, which are no transfers of a pass.
            ($0.backend.stagesTransfers, $0.backend.fillsWithNaN) = (staged, false)
        }
    }

    /// Two different pictures, and what they give without a lane.
    private static func passes() throws -> [Pass] {
        let plain = try session(staged: false)
        let (height, width) = (plain.configuration.imageHeight, plain.configuration.imageWidth)
        var random = SeededGenerator(seed: 8)
        return try (0..<2).map { _ in
            let bytes = (0..<height * width * 3).map { _ in UInt8(truncatingIfNeeded: random.next() >> 56) }
            let input = ModelInput.pictures(PixelBatch(count: 1, height: height, width: width, bytes: bytes), .halves)
            return (input, try plain.run(input, .logits))
        }
    }

    /// Has both passes under way at once; gives the failures, and traps where a lane was not given back.
    private static func failures(of passes: [Pass], on session: any InferenceSession) throws -> [FoveaError] {
        let begun = passes.map { pass in Result { () throws(FoveaError) in try session.begin(pass.input, .logits) } }
        return try zip(passes, begun).compactMap { pass, begun in
            switch begun.flatMap({ begun in Result { () throws(FoveaError) in try begun.answer() } }) {
            case .success(let answer):
                guard answer == pass.answer else { throw FoveaError(.internalError, code: "WRONG", "a wrong answer") }
                return nil
            case .failure(let error): return error
            }
        }
    }

    /// Lets one call fail, and says whether there was such a call, and what was wrong; nil where nothing was.
    private static func complaint(
        _ fault: (function: String, status: Int32, category: FoveaError.Category), call: Int, _ layer: FaultLayer,
        _ passes: [Pass], _ wasHit: inout Bool
    ) throws -> String? {
        let session = try session(staged: true)
        layer.inject(fault.status, in: fault.function, call: call)
        let failures = try failures(of: passes, on: session)
        wasHit = layer.wasHit
        layer.inject(0, in: "", call: 0)
        guard failures.count == (wasHit ? 1 : 0) else { return "gave \(failures.count) failures: \(failures)" }
        if let error = failures.first, error.category != fault.category || !"\(error)".contains(fault.function) {
            return "became \(error.category): \(error)"
        }
        let later = try Self.failures(of: passes, on: session)
        return later.isEmpty ? nil : "made later passes fail: \(later)"
    }

    /// Lets each call of a function fail in turn, and says what was wrong; nil where nothing was.
    private static func complaint(index: Int, layer path: String) throws -> String? {
        guard let layer = FaultLayer(path) else { return "the layer does not load" }
        let (fault, passes) = (faults[index], try passes())
        for call in 1..<200 {
            var wasHit = false
            if let complaint = try complaint(fault, call: call, layer, passes, &wasHit) {
                return "call \(call) \(complaint)"
            }
            if layer.live != 0 { return "call \(call) left \(layer.live) objects alive" }
            if !wasHit { return call == 1 ? "it is never called" : nil }
        }
        return "it is called without end"
    }

    @Test("one pass tells of it, the other has its answer, nothing leaks, and later passes have both lanes")
    func everyCall() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/FaultLayer.so"
        guard FaultLayer.compile(to: path) else { try Test.cancel("no C compiler, or no CL/cl_layer.h") }
        for index in Self.faults.indices {
            // A process for each, because devices are found once in a process.
            let result = await #expect(
                processExitsWith: .success, observing: [\.standardOutputContent], "\(Self.faults[index])"
            ) { [path = path as String, index = index as Int] in
                print(try Self.complaint(index: index, layer: path) ?? "all well")
            }
            let answer = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
            #expect(answer.contains("all well"), "\(Self.faults[index]): \(answer)")
        }
    }
}
