import Dispatch
import Fovea
import Glibc
import OpenCLOperations
import Operations
import Synchronization
import Testing
import VisionModels

@Suite("Several sessions behind one queue")
struct SessionQueueTests {
    private static let names = ["star", "heart", "arrow", "waves", "target"]
    private let paths = names.map { "\(PackageRoot.path)/Examples/pictures/\($0).jpg" }

    /// What happened to some sessions, by the number of each.
    private final class Log: Sendable {
        private let passes = Mutex<[Int]>([])
        func add(_ session: Int) { passes.withLock { $0.append(session) } }
        var all: [Int] { passes.withLock { $0 } }
    }

    /// A session whose scores are a picture's bytes; it does something before each pass, which may fail.
    private final class WatchedSession: InferenceSession {
        let configuration: VisionTransformerConfiguration
        private let before: () throws(FoveaError) -> Void

        init(_ before: @escaping () throws(FoveaError) -> Void = {}) throws {
            configuration = try ModelFiles(ModelFiles.demoName).open().configuration
            self.before = before
        }

        let mapCounts: (blocks: Int?, pool: Int?) = (nil, nil)
        let deviceName = "none"
        let selection: NarrowSelection? = nil
        let deviceMemory: (used: Int, peak: Int)? = nil
        let bufferCount = 0
        func takeProfile() -> [LaunchTime] { [] }

        func run(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> HostTensor {
            try before()
            guard case .pictures(let batch, _) = input, let classes = configuration.classes else {
                throw FoveaError(.usage, code: "TENSOR", "pictures alone are taken")
            }
            let length = batch.bytes.count / batch.count
            var scores: [Float] = []
            for picture in 0..<batch.count {
                // From the middle, where pictures differ.
                let first = picture * length + length / 2
                scores += batch.bytes[first..<first + classes].map { Float($0) / 16 }
            }
            return HostTensor([batch.count, classes], scores)
        }
    }

    private func classifier(_ sessions: sending [any InferenceSession]) throws -> ImageClassifier {
        let files = try ModelFiles(ModelFiles.demoName)
        return try ImageClassifier(
            PictureModel(try files.open(), reading: PictureReader(try files.preprocessing()), through: sessions))
    }

    @Test("whoever is free takes the next pass, in the order of asking")
    func free() async throws {
        let log = Log()
        let queue = SessionQueue([
            try WatchedSession {
                log.add(0)
                // Until the other has done all the rest; not for ever, should it not.
                for _ in 0..<30_000 where log.all.count(where: { $0 == 1 }) < 15 { usleep(1000) }
            },
            try WatchedSession { log.add(1) },
        ])
        #expect(queue.count == 2)
        let side = 64
        await withTaskGroup(of: Bool.self) { group in
            for pass in 1...16 {
                group.addTask {
                    let bytes = [UInt8](repeating: UInt8(pass), count: 3 * side * side)
                    let input = ModelInput.pictures(
                        PixelBatch(count: 1, height: side, width: side, bytes: bytes),
                        Normalization(mean: .zero, deviation: .one))
                    return (try? await queue.run(input, .logits))?.values.first == Float(pass) / 16
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        #expect(log.all.count { $0 == 0 } == 1 && log.all.count == 16, "\(log.all)")
    }

    @Test("results keep their order and their bits", arguments: [1, 2, 3])
    func order(sessionCount: Int) async throws {
        let sessions = try (0..<sessionCount).map { index in
            try WatchedSession { usleep(index == 0 ? 20_000 : 0) } as any InferenceSession
        }
        let asked = (0..<3).flatMap { _ in paths }
        let expected = try await classifier([try WatchedSession()]).classify(paths, top: 2).map { try $0.get() }
        var count = 0
        for try await (path, result) in try classifier(sessions).classify(each: asked, top: 2, batchSize: 2) {
            #expect(path == asked[count])
            #expect(try result.get() == expected[count % paths.count])
            count += 1
        }
        #expect(count == 15)
    }

    @Test("a session that stands still holds no more back than a few batches")
    func bounded() async throws {
        let (log, gate) = (Log(), DispatchSemaphore(value: 0))
        let sessions: [any InferenceSession] = [
            try WatchedSession {
                log.add(0)
                gate.wait()
            },
            try WatchedSession { log.add(1) },
        ]
        let asked = (0..<40).flatMap { _ in paths }
        let results = try classifier(sessions).classify(each: asked, batchSize: 2)
        let counting = Task {
            var count = 0
            for try await _ in results { count += 1 }
            return count
        }
        // The one that stands still, and what the other does of the three batches that may be ahead of it.
        while log.all.count < 4 { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(200))
        #expect(log.all.count == 4 && log.all.contains(0), "\(log.all)")
        for _ in 0..<200 { gate.signal() }
        #expect(try await counting.value == 200)
    }

    @Test("the failure of a device is thrown where its batch would be")
    func failure() async throws {
        let passes = Mutex(0)
        let fails: @Sendable () throws(FoveaError) -> Void = { () throws(FoveaError) in
            let number = passes.withLock { count in
                count += 1
                return count
            }
            if number == 3 { throw FoveaError(.deviceFailed, code: "LOST", "the device failed") }
        }
        let sessions: [any InferenceSession] = [try WatchedSession(fails), try WatchedSession(fails)]
        let results = try classifier(sessions).classify(each: (0..<6).flatMap { _ in paths }, batchSize: 2)
        var count = 0
        let error = await #expect(throws: FoveaError.self) { for try await _ in results { count += 1 } }
        #expect(error?.code == "LOST")
        // The third pass to begin is of the first few batches, whichever began before it.
        #expect(count.isMultiple(of: 2) && count <= 8, "\(count)")
    }

    @Test("calls from many tasks are all answered, each by one session at a time")
    func concurrency() async throws {
        let running = Mutex([0, 0])
        func watched(_ index: Int) throws -> WatchedSession {
            try WatchedSession {
                let others = running.withLock { counts in
                    counts[index] += 1
                    return counts[index]
                }
                #expect(others == 1)
                usleep(2000)
                running.withLock { $0[index] -= 1 }
            }
        }
        let classifier = try classifier([try watched(0), try watched(1)])
        let expected = try await self.classifier([try WatchedSession()]).classify(paths[0])
        try await withThrowingTaskGroup(of: [Prediction].self) { group in
            for _ in 0..<24 { group.addTask { [paths] in try await classifier.classify(paths[0]) } }
            for try await answer in group { #expect(answer == expected) }
        }
    }
}
