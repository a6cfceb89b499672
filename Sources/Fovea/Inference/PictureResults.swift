import Dispatch

/// What a model says of many pictures, in their order, while the next are read.
///
/// ```swift
/// for try await (path, result) in classifier.classify(each: paths) {
///     print(path, try result.get()[0])
/// }
/// ```
/// A picture that cannot be read has its error in its place. The sequence throws `FoveaError` where the device fails,
/// whatever `Paths` throws, and `CancellationError` where the task is canceled: it never ends early without saying so. One
/// batch is ahead of the one that is gone through, or two a device where there are several, so that memory stays the same
/// however many pictures there are.
/// Each loop over it starts again from the first path.
public struct PictureResults<Paths: AsyncSequence & Sendable, Answer: Sendable>: AsyncSequence, Sendable
where Paths.Element == String {
    /// A path, and what came of it.
    public typealias Element = (path: String, result: Result<Answer, FoveaError>)

    let paths: Paths
    let batchSize: Int
    let deviceCount: Int
    let read: @Sendable ([String]) -> PictureBatch
    let answer: @Sendable (PictureBatch) async throws(FoveaError) -> [Result<Answer, FoveaError>]

    /// Starts to read.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Goes through the results.
    public final class Iterator: AsyncIteratorProtocol {
        private var batches: AsyncThrowingStream<Batch, any Error>.Iterator
        private let demand: AsyncStream<Void>.Continuation
        private let reading: Task<Void, Never>
        private var ready: ArraySlice<Element> = []

        fileprivate init(_ results: PictureResults) {
            let (demands, demand) = AsyncStream.makeStream(of: Void.self)
            let (batches, continuation) = AsyncThrowingStream.makeStream(of: Batch.self)
            self.demand = demand
            self.batches = batches.makeAsyncIterator()
            reading = Task.detached { await results.supply(continuation, asLongAs: demands) }
            // More than are taken: they are read and computed while those before them are gone through.
            for _ in 0..<2 * results.deviceCount - 1 { demand.yield() }
        }

        deinit { reading.cancel() }

        /// The next result; nil behind the last.
        public func next() async throws -> Element? {
            if ready.isEmpty {
                try Task.checkCancellation()
                demand.yield()
                guard let batch = try await batches.next() else {
                    try Task.checkCancellation()
                    return nil
                }
                ready = zip(batch.names, try await batch.answer.value.get()).map { ($0, $1) }[...]
            }
            return ready.popFirst()
        }
    }

    /// Pictures that are being computed.
    fileprivate struct Batch: Sendable {
        let names: [String]
        let answer: Task<Result<[Result<Answer, FoveaError>], FoveaError>, Never>
    }

    /// Reads a batch whenever one is wanted, and has it computed.
    private func supply(
        _ batches: AsyncThrowingStream<Batch, any Error>.Continuation, asLongAs demands: AsyncStream<Void>
    ) async {
        do {
            var paths = paths.makeAsyncIterator()
            for await _ in demands {
                let (names, failure) = await Self.next(batchSize, of: &paths)
                if !names.isEmpty { batches.yield(compute(await batch(names))) }
                if let failure { throw failure }
                if names.isEmpty { break }
            }
            batches.finish()
        } catch {
            batches.finish(throwing: error)
        }
    }

    /// The next paths, and why there are no more; what came before the failure of a source is not lost.
    private static func next(
        _ count: Int, of paths: inout Paths.AsyncIterator
    ) async -> (names: [String], failure: (any Error)?) {
        var names: [String] = []
        do {
            while names.count < count, let path = try await paths.next() { names.append(path) }
            return (names, nil)
        } catch {
            return (names, error)
        }
    }

    private func compute(_ batch: PictureBatch) -> Batch {
        Batch(
            names: batch.names,
            answer: Task {
                do throws(FoveaError) {
                    return .success(try await answer(batch))
                } catch {
                    return .failure(error)
                }
            })
    }

    /// Reads on threads of its own: those of the tasks must not wait for files.
    private func batch(_ names: [String]) async -> PictureBatch {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: read(names)) }
        }
    }
}

/// Values that are all there already, as an asynchronous sequence.
public struct ReadyPaths<Base: Sequence & Sendable>: AsyncSequence, Sendable where Base.Element == String {
    let base: Base

    /// Starts at the first.
    public func makeAsyncIterator() -> Iterator { Iterator(base: base.makeIterator()) }

    /// Goes through the values.
    public struct Iterator: AsyncIteratorProtocol {
        var base: Base.Iterator

        /// The next value; nil behind the last.
        public mutating func next() async -> String? { base.next() }
    }
}
