import Fovea

/// Batches on their way through a model: on several devices several at once, their answers in order.
///
/// No more batches than `limit` are fed before the oldest is answered, so that memory is bounded whatever a slow device does.
struct BatchPipeline<Supply: PictureSupply & ~Copyable, Answer: Sendable> {
    private let feed: PictureFeed<Supply>
    private let limit: Int
    private let compute: @Sendable ([FedPicture]) async throws(FoveaError) -> Answer
    private var underWay: [(pictures: [FedPicture], answer: Task<Result<Answer, FoveaError>, Never>)] = []
    /// How feeding has ended; nil while it goes on.
    private var ending: Result<Void, any Error>?

    /// Joins pictures and a model.
    ///
    /// - Parameters:
    ///   - batchCount: How many batches are under way at once.
    ///   - compute: What the model says of a batch.
    init(
        _ feed: PictureFeed<Supply>, batchCount: Int,
        compute: @escaping @Sendable ([FedPicture]) async throws(FoveaError) -> Answer
    ) {
        (self.feed, self.compute) = (feed, compute)
        limit = batchCount
    }

    /// Hands every batch and its answer over, to have its rows written.
    ///
    /// An error ends it when no device is at work any more: the end of the program would take their drivers away from them.
    mutating func forEach(_ write: ([FedPicture], Result<Answer, FoveaError>) throws -> Void) async throws {
        do {
            while let (pictures, answer) = try await next() { try write(pictures, answer) }
        } catch {
            for batch in underWay { _ = await batch.answer.value }
            throw error
        }
    }

    /// The next batch and its answer, once the rows of the one before are written; nil after the last.
    ///
    /// Throws where a signal has waited for the rows, or the supply broke off, once every batch that was fed has its rows.
    mutating func next() async throws -> (pictures: [FedPicture], answer: Result<Answer, FoveaError>)? {
        do {
            try Interruption.endBatch(othersAreUnderWay: !underWay.isEmpty)
        } catch {
            ending = .failure(error)
        }
        while ending == nil, underWay.count < limit {
            do {
                guard let pictures = try await feed.next(waits: underWay.isEmpty) else {
                    ending = .success(())
                    break
                }
                // Nothing has come, and there are answers to tell.
                if pictures.isEmpty { break }
                Interruption.beginBatch()
                underWay.append((pictures, task(pictures)))
            } catch {
                ending = .failure(error)
            }
        }
        guard !underWay.isEmpty else {
            try ending?.get()
            return nil
        }
        let oldest = underWay.removeFirst()
        return (oldest.pictures, await oldest.answer.value)
    }

    private func task(_ pictures: [FedPicture]) -> Task<Result<Answer, FoveaError>, Never> {
        Task { [compute] in
            do throws(FoveaError) {
                return .success(try await compute(pictures))
            } catch {
                return .failure(error)
            }
        }
    }
}
