import FoundationEssentials
import Fovea
import OpenCLOperations
import OpenCLRuntime
import Operations
import Synchronization
import Testing
import VisionModels

@Suite("Many pictures, one after the other")
struct ManyPicturesTests {
    private static let names = ["star", "heart", "arrow", "waves", "target"]
    private let paths = names.map { "\(PackageRoot.path)/Examples/pictures/\($0).jpg" }

    @Test("results come in order, errors in their places, whatever the batch", arguments: [1, 2, 3, 100])
    func order(batchSize: Int) async throws {
        let classifier = try ImageClassifier(device: "cpu")
        let asked = paths.prefix(2) + ["nowhere.jpg"] + paths.dropFirst(2)
        let expected = try await classifier.classify(Array(asked), top: 2)
        var count = 0
        for try await (path, result) in classifier.classify(each: asked, top: 2, batchSize: batchSize) {
            #expect(path == asked[count])
            switch (result, expected[count]) {
            case (.success(let found), .success(let known)): #expect(found == known)
            case (.failure(let found), .failure(let known)): #expect(found.message == known.message)
            default: Issue.record("\(path): \(result)")
            }
            count += 1
        }
        #expect(count == 6)
    }

    @Test("vectors have the width that is said, and length 1 where asked")
    func vectors() async throws {
        let encoder = try ImageEncoder(device: "cpu")
        let raw = try await encoder.encode(paths[0])
        let unit = try await encoder.encode(paths[0], normalized: true)
        #expect(raw.count == encoder.width && unit.count == encoder.width)
        let length = raw.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(abs(length - 1) > 0.01)
        #expect(zip(raw, unit).allSatisfy { abs(Double($0) / length - Double($1)) < 1e-7 })
        let several = try await encoder.encode([paths[0], "nowhere.jpg", paths[1]])
        #expect(try several[0].get() == raw)
        #expect(throws: FoveaError.self) { try several[1].get() }
        var streamed: [[Float]] = []
        for try await (_, vector) in encoder.encode(each: paths.prefix(2)) { streamed.append(try vector.get()) }
        #expect(try streamed == [raw, several[2].get()])
    }

    @Test("a vector of zeros stays, and no square overflows or vanishes")
    func unit() {
        #expect(Embedding.unit([0, 0, 0]) == [0, 0, 0])
        #expect(Embedding.unit([3, 4]) == [0.6, 0.8])
        #expect(Embedding.unit([3e38, 0, 3e38])[0] == Float(0.5.squareRoot()))
        #expect(Embedding.unit([0, .leastNonzeroMagnitude]) == [0, 1])
    }

    @Test("an answer that is none is the failure of its picture alone, by name, and ends nothing")
    func notFinite() async throws {
        let files = try ModelFiles(ModelFiles.demoName)
        let opened = try files.open()
        // The answer for the second picture of a batch is none.
        let session = SpoilingSession(try opened.session(on: .reference)) { result, _ in
            if result.shape[0] > 1 { result.values[result.shape.width + 1] = .nan }
        }
        let model = PictureModel(opened, reading: PictureReader(try files.preprocessing()), through: [session])
        let classifier = try ImageClassifier(model)
        let expected = try await ImageClassifier(device: "cpu").classify(paths)
        var count = 0
        for try await (path, result) in classifier.classify(each: paths, batchSize: 3) {
            defer { count += 1 }
            guard count % 3 == 1 else {
                #expect(try result.get() == expected[count].get())
                continue
            }
            let error = #expect(throws: FoveaError.self) { try result.get() }
            #expect(error?.code == "MODEL_NONFINITE_OUTPUT")
            #expect(error?.message.hasPrefix("\(path): the model gave nan as number 1") == true)
        }
        #expect(count == paths.count)
    }

    @Test("fewer classes than one are refused", arguments: [0, -1])
    func noClass(top: Int) async throws {
        let classifier = try ImageClassifier(device: "cpu")
        let path = paths[0]
        let encoded = try [UInt8](Data(contentsOf: URL(filePath: path)))
        let errors = [
            await #expect(throws: FoveaError.self) { try await classifier.classify(path, top: top) },
            await #expect(throws: FoveaError.self) { try await classifier.classify([path], top: top) },
            await #expect(throws: FoveaError.self) { try await classifier.classify(encoded: encoded, top: top) },
            await #expect(throws: FoveaError.self) {
                for try await _ in classifier.classify(each: [path], top: top) {}
            },
        ]
        #expect(errors.allSatisfy { $0?.category == .usage && $0?.code == "TOP_K" })
    }

    /// Paths that come one by one, with a note of how many were taken.
    private struct Source: AsyncSequence, AsyncIteratorProtocol, Sendable {
        struct Failure: Error {}
        let paths: [String]
        let taken: Counter
        var failsAtEnd = false
        var position = 0

        func makeAsyncIterator() -> Source { self }

        mutating func next() async throws -> String? {
            guard position < paths.count else {
                if failsAtEnd { throw Failure() }
                return nil
            }
            position += 1
            taken.value.withLock { $0 += 1 }
            return paths[position - 1]
        }
    }

    private final class Counter: Sendable {
        let value = Mutex(0)
    }

    @Test("no more is read ahead than a batch, and nothing after the loop was left")
    func readsAhead() async throws {
        let classifier = try ImageClassifier(device: "cpu")
        let source = Source(paths: Array(repeating: paths[0], count: 1000), taken: Counter())
        for try await _ in classifier.classify(each: source, batchSize: 2) { break }
        try await Task.sleep(for: .milliseconds(200))
        #expect((2...6).contains(source.taken.value.withLock { $0 }))
    }

    @Test("a source that fails says so behind what it has given")
    func failure() async throws {
        let classifier = try ImageClassifier(device: "cpu")
        let source = Source(paths: Array(paths.prefix(3)), taken: Counter(), failsAtEnd: true)
        var count = 0
        await #expect(throws: Source.Failure.self) {
            for try await _ in classifier.classify(each: source, batchSize: 2) { count += 1 }
        }
        #expect(count == 3)
    }

    @Test("a canceled task hears of it, and computes no more")
    func cancellation() async throws {
        let classifier = try ImageClassifier(device: "cpu")
        let source = Source(paths: Array(repeating: paths[0], count: 100_000), taken: Counter())
        let task = Task {
            for try await _ in classifier.classify(each: source, batchSize: 2) {}
        }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(source.taken.value.withLock { $0 } < 100_000)
    }
}
