import Fovea
import Imaging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Pictures in batches, in order; those that follow are decoded on all cores while a batch is computed.
///
/// How many are decoded ahead is bounded, and how many bytes they have where these came with them; so is memory, whatever
/// the number of pictures.
final class PictureFeed<Supply: PictureSupply & ~Copyable> {
    private var supply: Supply
    private let reader: PictureReader
    private let batchSize: Int
    /// Pictures that are being decoded, or wait to be computed.
    private var ahead: [(picture: Task<FedPicture, Never>, byteCount: Int)] = []
    private let aheadLimit: Int
    /// Bytes that came with the pictures ahead, and how many there may be before more pictures are asked for.
    private var (aheadBytes, byteLimit): (Int, Int)
    private var hasEnded = false
    /// A supply that broke off is told after the pictures before it.
    private var failure: FoveaError?

    /// Feeds pictures through a recipe.
    ///
    /// - Parameter byteLimit: From how many bytes on, of pictures that came in memory, no more are asked for.
    init(_ supply: consuming Supply, through reader: PictureReader, batchSize: Int, byteLimit: Int = 256 << 20) {
        self.supply = supply
        self.reader = reader
        self.batchSize = batchSize
        (aheadBytes, self.byteLimit) = (0, byteLimit)
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        aheadLimit = max(2 * batchSize, 4 * cores)
    }

    /// The next batch; nil after the last.
    ///
    /// A batch is smaller than the others where it is the last, or where nothing more comes for a moment. Throws where the
    /// supply broke off.
    ///
    /// - Parameter waits: Whether to wait for the first picture; else the batch is empty where none has come yet.
    func next(waits: Bool = true) async throws(FoveaError) -> [FedPicture]? {
        var batch: [FedPicture] = []
        while batch.count < batchSize {
            fill(!ahead.isEmpty ? .none : !batch.isEmpty ? .brief : waits ? .endless : .none)
            guard !ahead.isEmpty else { break }
            let first = ahead.removeFirst()
            batch.append(await first.picture.value)
            aheadBytes -= first.byteCount
        }
        fill(.none)
        guard batch.isEmpty, hasEnded else { return batch }
        if let failure { throw failure }
        return nil
    }

    /// Starts to decode what has come; waits only for the first.
    private func fill(_ patience: Patience) {
        var patience = patience
        while ahead.count < aheadLimit, aheadBytes < byteLimit, !hasEnded {
            do throws(FoveaError) {
                switch try supply.next(patience) {
                case .notYet: return
                case .end: hasEnded = true
                case .picture(let source):
                    // Below the priority of whoever feeds the device, which must not wait behind what is decoded ahead.
                    let picture = Task.detached(priority: .utility) { [reader] in
                        FedPicture(
                            name: source.name, result: Result { () throws(ImageError) in try reader.prepare(source) })
                    }
                    ahead.append((picture, source.byteCount))
                    aheadBytes += source.byteCount
                }
            } catch {
                (failure, hasEnded) = (error, true)
            }
            patience = .none
        }
    }
}

extension PictureSource {
    /// How many bytes of memory wait with the picture to be decoded.
    fileprivate var byteCount: Int { if case .encoded(let bytes, _) = self { bytes.count } else { 0 } }
}

/// A picture under the name that results give it, or why there is none.
struct FedPicture: Sendable {
    let name: String
    let result: Result<PreparedPicture, ImageError>
}
