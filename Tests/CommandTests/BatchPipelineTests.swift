import Imaging
import Synchronization
import Testing

@testable import Fovea
@testable import FoveaCommand

@Suite("Batches on several devices")
struct BatchPipelineTests {
    /// Pictures that are none, by number.
    private struct Supply: PictureSupply {
        let total: Int
        let asked: Counter
        /// Whether it breaks off behind the last.
        var isBroken = false

        mutating func next(_ patience: Patience) throws(FoveaError) -> SuppliedPicture {
            let number = asked.value.withLock { count in
                count += 1
                return count
            }
            if number <= total { return .picture(.encoded([], name: "\(number)")) }
            if isBroken { throw FoveaError(.input, code: "BROKEN", "the supply broke off") }
            return .end
        }
    }

    private final class Counter: Sendable {
        let value = Mutex(0)
        var count: Int { value.withLock { $0 } }
        func add(_ number: Int) { value.withLock { $0 += number } }
    }

    private static func pipeline(
        _ supply: Supply, deviceCount: Int,
        compute: @escaping @Sendable ([FedPicture]) async throws(FoveaError) -> [String]
    ) throws -> BatchPipeline<Supply, [String]> {
        let reader = PictureReader(try ModelFiles(ModelFiles.demoName).preprocessing())
        return BatchPipeline(
            PictureFeed(supply, through: reader, batchSize: 2), batchCount: deviceCount == 1 ? 1 : 2 * deviceCount,
            compute: compute)
    }

    @Test("answers come in order however long each takes", arguments: [1, 2, 3])
    func order(deviceCount: Int) async throws {
        let (running, most) = (Counter(), Counter())
        var pipeline = try Self.pipeline(Supply(total: 31, asked: Counter()), deviceCount: deviceCount) { pictures in
            running.add(1)
            most.value.withLock { $0 = max($0, running.count) }
            // The first of each four takes longest.
            let number = Int(pictures[0].name) ?? 0
            try? await Task.sleep(for: .milliseconds(number / 2 % 4 == 0 ? 20 : 1))
            running.add(-1)
            return pictures.map { $0.name }
        }
        var names: [String] = []
        while let (pictures, answer) = try await pipeline.next() {
            #expect(try answer.get() == pictures.map(\.name))
            names += try answer.get()
        }
        #expect(names == (1...31).map(String.init))
        #expect(most.count <= (deviceCount == 1 ? 1 : 2 * deviceCount))
        #expect(deviceCount == 1 || most.count > 1)
    }

    @Test("no more is fed than what a batch that never ends lets others take")
    func bounded() async throws {
        let (asked, begun) = (Counter(), Counter())
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        var pipeline = try Self.pipeline(Supply(total: 10_000, asked: asked), deviceCount: 2) { pictures in
            begun.add(1)
            if pictures[0].name == "1" { for await _ in gate {} }
            return pictures.map { $0.name }
        }
        // Opens the gate once nothing more has begun for a while.
        let seen = Task {
            while begun.count < 4 { try await Task.sleep(for: .milliseconds(1)) }
            try await Task.sleep(for: .milliseconds(100))
            defer { open.finish() }
            return (begun: begun.count, asked: asked.count)
        }
        var names: [String] = []
        for _ in 0..<5 { names += try await pipeline.next()?.answer.get() ?? [] }
        #expect(names == (1...10).map(String.init))
        #expect(try await seen.value.begun == 4)
        // What is decoded ahead is bounded by the feed, as on one device.
        #expect(try await seen.value.asked < 1000)
    }

    @Test("a batch that fails does so in its place, and a supply that breaks off is told behind the rest")
    func failures() async throws {
        let supply = Supply(total: 9, asked: Counter(), isBroken: true)
        var pipeline = try Self.pipeline(supply, deviceCount: 2) { pictures throws(FoveaError) in
            if pictures[0].name == "5" { throw FoveaError(.deviceFailed, code: "LOST", "the device failed") }
            return pictures.map { $0.name }
        }
        for round in 0..<5 {
            let (pictures, answer) = try #require(try await pipeline.next())
            #expect(pictures[0].name == "\(2 * round + 1)")
            if round == 2 {
                #expect(throws: FoveaError.self) { try answer.get() }
            } else {
                #expect(try answer.get() == pictures.map(\.name))
            }
        }
        let error = await #expect(throws: FoveaError.self) { try await pipeline.next() }
        #expect(error?.code == "BROKEN")
    }
}
