import Fovea
import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing
import VisionModels

@Suite("Passes through pinned memory", .requiresOpenCL, .serialized)
struct TransferTests {
    private func session(staged: Bool?) throws -> any InferenceSession {
        try TestDevice.demo(on: TestDevice.require()) { $0.backend.stagesTransfers = staged }
    }

    private func pictures(_ count: Int, for session: any InferenceSession, seed: UInt64) -> ModelInput {
        let (height, width) = (session.configuration.imageHeight, session.configuration.imageWidth)
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<count * height * width * 3).map { _ in UInt8(truncatingIfNeeded: random.next() >> 56) }
        return .pictures(PixelBatch(count: count, height: height, width: width, bytes: bytes), .halves)
    }

    @Test("a device that shares the host's memory has one pass at a time and nothing on the way")
    func unified() throws {
        guard TestDevice.first?.isMemoryUnified == true else { return }
        #expect(try session(staged: nil).passCount == 1)
    }

    @Test("answers are the bits of a session without it, for batches of changing size, one after the other")
    func sameBits() throws {
        let (plain, staged) = (try session(staged: false), try session(staged: true))
        for (count, seed) in [(1, 1), (3, 2), (2, 3), (3, 4)] as [(Int, UInt64)] {
            let input = pictures(count, for: plain, seed: seed)
            #expect(try staged.run(input, .logits) == plain.run(input, .logits))
        }
        // Several results, and values in place of bytes.
        var random = SeededGenerator(seed: 5)
        let (height, width) = (plain.configuration.imageHeight, plain.configuration.imageWidth)
        let tensor = ModelInput.tensor(random.tensor([2, 3, height, width]))
        #expect(try staged.run(tensor, .layers([1, 2])) == plain.run(tensor, .layers([1, 2])))
    }

    @Test("a stream of passes begun before the last is answered gives the same bits, each its own")
    func stream() throws {
        let (plain, staged) = (try session(staged: false), try session(staged: true))
        #expect(staged.passCount == 2)
        let inputs = (0..<7).map { pictures(1 + $0 % 2, for: plain, seed: UInt64($0)) }
        var underWay: [BegunPass] = []
        var answers: [HostTensor] = []
        for input in inputs {
            if underWay.count == staged.passCount { answers.append(try underWay.removeFirst().answer()) }
            underWay.append(try staged.begin(input, .logits))
        }
        // In any order.
        let last = try underWay.removeLast().answer()
        answers += try underWay.map { try $0.answer() } + [last]
        for (answer, input) in zip(answers, inputs) { #expect(try answer == plain.run(input, .logits)) }
    }

    @Test(
        "a batch of another size takes the place of a kept one where memory holds one of them",
        arguments: [false, true])
    func memory(staged: Bool) throws {
        let plain = try session(staged: staged)
        let inputs = [16, 15, 16].map { pictures($0, for: plain, seed: UInt64($0)) }
        /// All that may be under way at once is.
        func answers(_ session: any InferenceSession, _ inputs: [ModelInput]) throws -> [HostTensor] {
            var (underWay, answers) = ([BegunPass](), [HostTensor]())
            for input in inputs {
                if underWay.count == session.passCount { answers.append(try underWay.removeFirst().answer()) }
                underWay.append(try session.begin(input, .logits))
            }
            return try answers + underWay.map { try $0.answer() }
        }
        _ = try answers(plain, [inputs[0], inputs[0], inputs[0]])
        let limit = try #require(plain.deviceMemory).peak
        let expected = try answers(plain, inputs)
        try #require(try #require(plain.deviceMemory).used > limit, "both fit, and nothing is tried")
        let limited = try TestDevice.demo(on: TestDevice.require()) {
            $0.backend.stagesTransfers = staged
            $0.backend.memoryLimit = limit
        }
        #expect(try answers(limited, inputs) == expected)
    }

    @Test("tasks that ask a queue at once get their own answers")
    func queue() async throws {
        let plain = try session(staged: false)
        let inputs = (0..<12).map { pictures(1, for: plain, seed: UInt64($0)) }
        let expected = try inputs.map { try plain.run($0, .logits) }
        let queue = SessionQueue([try session(staged: true)])
        try await withThrowingTaskGroup(of: (Int, HostTensor).self) { group in
            for (index, input) in inputs.enumerated() {
                group.addTask { (index, try await queue.run(input, .logits)) }
            }
            for try await (index, answer) in group { #expect(answer == expected[index]) }
        }
    }

    @Test("a stream is timed where there is one")
    func benchmark() throws {
        #expect(try ModelBenchmark(session(staged: false), batchSize: 1).stream(.iterations(2), warmUp: 0) == nil)
        let seconds = try ModelBenchmark(session(staged: true), batchSize: 1).stream(.iterations(2), warmUp: 0)
        #expect(try #require(seconds) > 0)
    }

    @Test("large copies are made in pieces, and whole")
    func copies() {
        for count in [0, 1, 1 << 19, 1 << 19 + 1, 3_000_001] {
            let source = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let copy = [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
                let place = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: bytes[..<count]))
                source.withUnsafeBytes { copyInParallel($0, to: place) }
                initialized = count
            }
            #expect(copy == source)
        }
    }
}
