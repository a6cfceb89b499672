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

    /// A session on the reference that does something before each pass, which may fail.
    private final class WatchedSession: InferenceSession {
        private let session: any InferenceSession
        private let before: () throws(FoveaError) -> Void

        init(_ before: @escaping () throws(FoveaError) -> Void) throws {
            session = try ModelFiles(ModelFiles.demoName).open().session(on: .reference)
            self.before = before
        }

        var configuration: VisionTransformerConfiguration { session.configuration }
        var mapCounts: (blocks: Int?, pool: Int?) { session.mapCounts }
        var deviceName: String { session.deviceName }
        var selection: NarrowSelection? { session.selection }
        var deviceMemory: (used: Int, peak: Int)? { session.deviceMemory }
        var bufferCount: Int { session.bufferCount }
        func takeProfile() throws(FoveaError) -> [LaunchTime] { try session.takeProfile() }

        func run(_ input: ModelInput, _ output: OutputKind) throws(FoveaError) -> HostTensor {
            try before()
            return try session.run(input, output)
        }
    }

    private func classifier(_ sessions: sending [any InferenceSession]) throws -> ImageClassifier {
        let files = try ModelFiles(ModelFiles.demoName)
        return try ImageClassifier(
            PictureModel(try files.open(), reading: PictureReader(try files.preprocessing()), through: sessions))
    }

    @Test("whoever is free takes the next batch, and results keep their order and their bits")
    func order() async throws {
        let log = Log()
        let sessions: [any InferenceSession] = [
            try WatchedSession {
                log.add(0)
                usleep(100_000)
            },
            try WatchedSession { log.add(1) },
        ]
        let asked = (0..<6).flatMap { _ in paths }
        let expected = try await ImageClassifier(device: "cpu").classify(paths, top: 2).map { try $0.get() }
        var count = 0
        for try await (path, result) in try classifier(sessions).classify(each: asked, top: 2, batchSize: 2) {
            #expect(path == asked[count])
            #expect(try result.get() == expected[count % paths.count])
            count += 1
        }
        #expect(count == 30 && log.all.count == 15)
        #expect(log.all.contains(0) && log.all.count { $0 == 1 } > log.all.count { $0 == 0 })
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
        try await Task.sleep(for: .milliseconds(500))
        // The one that stands still, and what the other did of the three batches that may be ahead of it.
        #expect(log.all.count <= 4 && log.all.contains(0), "\(log.all)")
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
        let expected = try await ImageClassifier(device: "cpu").classify(paths[0])
        try await withThrowingTaskGroup(of: [Prediction].self) { group in
            for _ in 0..<24 { group.addTask { [paths] in try await classifier.classify(paths[0]) } }
            for try await answer in group { #expect(answer == expected) }
        }
    }
}
