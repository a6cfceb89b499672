import Fovea
import Imaging

/// Pictures in batches, in order: the next batch is decoded while the present one is computed.
final class PictureFeed {
    /// A picture under the name that results give it, or why there is none.
    struct Entry: Sendable {
        let name: String
        let result: Result<PreparedPicture, ImageError>
    }

    private var inputs: PictureInputs
    private let reader: PictureReader
    private let batchSize: Int
    /// The batch that is being decoded; a list that broke off is told after the pictures before it.
    private var ahead: Result<Task<[Entry], Never>?, FoveaError>?

    /// Feeds pictures through a recipe.
    init(_ inputs: consuming PictureInputs, through reader: PictureReader, batchSize: Int) {
        self.inputs = inputs
        self.reader = reader
        self.batchSize = batchSize
    }

    /// The next batch, of at least one picture; nil after the last.
    ///
    /// Throws where a list cannot be read further.
    func next() async throws(FoveaError) -> [Entry]? {
        let present = ahead ?? begin()
        ahead = nil
        guard let batch = try present.get() else { return nil }
        let entries = await batch.value
        ahead = begin()
        return entries
    }

    /// Starts to decode a batch in the background, on all cores.
    private func begin() -> Result<Task<[Entry], Never>?, FoveaError> {
        Result { () throws(FoveaError) in
            let sources = try inputs.next(batchSize)
            guard !sources.isEmpty else { return nil }
            return Task.detached { [reader] in
                zip(sources, reader.prepare(sources)).map { Entry(name: $0.name, result: $1) }
            }
        }
    }
}
