import Fovea
import Imaging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Pictures in batches, in order; those that follow are decoded on all cores while a batch is computed.
///
/// How many are decoded ahead is bounded, and so is memory, whatever the number of pictures.
final class PictureFeed<Supply: PictureSupply & ~Copyable> {
    private var supply: Supply
    private let reader: PictureReader
    private let batchSize: Int
    /// Pictures that are being decoded, or wait to be computed.
    private var ahead: [Task<FedPicture, Never>] = []
    private let aheadLimit: Int
    private var hasEnded = false
    /// A supply that broke off is told after the pictures before it.
    private var failure: FoveaError?

    /// Feeds pictures through a recipe.
    init(_ supply: consuming Supply, through reader: PictureReader, batchSize: Int) {
        self.supply = supply
        self.reader = reader
        self.batchSize = batchSize
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        aheadLimit = max(2 * batchSize, 4 * cores)
    }

    /// The next batch, of at least one picture; nil after the last.
    ///
    /// A batch is smaller than the others where it is the last, or where nothing more comes for a moment. The rows of
    /// the batch before must be written: throws where a signal has waited for them, and where the supply broke off.
    func next() async throws -> [FedPicture]? {
        try Interruption.endBatch()
        var batch: [FedPicture] = []
        while batch.count < batchSize {
            fill(ahead.isEmpty ? (batch.isEmpty ? .endless : .brief) : .none)
            guard !ahead.isEmpty else { break }
            batch.append(await ahead.removeFirst().value)
        }
        fill(.none)
        if !batch.isEmpty {
            Interruption.beginBatch()
            return batch
        }
        if let failure { throw failure }
        return nil
    }

    /// Starts to decode what has come; waits only for the first.
    private func fill(_ patience: Patience) {
        var patience = patience
        while ahead.count < aheadLimit, !hasEnded {
            do throws(FoveaError) {
                switch try supply.next(patience) {
                case .notYet: return
                case .end: hasEnded = true
                case .picture(let source):
                    // Below the priority of whoever feeds the device, which must not wait behind what is decoded ahead.
                    ahead.append(
                        Task.detached(priority: .utility) { [reader] in
                            FedPicture(
                                name: source.name,
                                result: Result { () throws(ImageError) in try reader.prepare(source) })
                        })
                }
            } catch {
                (failure, hasEnded) = (error, true)
            }
            patience = .none
        }
    }
}

/// A picture under the name that results give it, or why there is none.
struct FedPicture: Sendable {
    let name: String
    let result: Result<PreparedPicture, ImageError>
}
