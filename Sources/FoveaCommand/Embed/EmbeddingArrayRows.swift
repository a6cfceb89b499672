import Checkpoints
import Fovea
import Operations

/// The rows of an earlier array, and the names that lie beside it.
struct EmbeddingArrayRows: EarlierRowReader {
    private let file: ByteSource
    /// Nil where the file ends before its first row.
    private let names: LineReader?
    let width: Int?
    private(set) var byteCount = 0
    private(set) var nameByteCount = 0

    init(_ partial: PartialFile) throws(FoveaError) {
        do {
            file = .file(try InputFile(partial.path))
            let headerCount = NumPyArray.header(for: [0, 1]).count
            guard file.size > headerCount else {
                (names, width) = (nil, nil)
                return
            }
            // The count is 0 until the end; a run may have ended between the count and the renaming.
            let start = try? NumPyArray(bytes: file.bytes(in: 0..<headerCount), name: partial.path)
            width = try (start ?? NumPyArray(file)).shape.dimensions.last
            byteCount = headerCount
        } catch {
            throw FoveaError(error)
        }
        names = try LineReader(partial.namesPath, separator: 0)
    }

    mutating func next() throws(FoveaError) -> EarlierRow? {
        guard let names, let width, file.size - byteCount >= 4 * width else { return nil }
        guard let name = try names.nextLine(), name.last == 0 else { return nil }
        do {
            // No embedding that was written holds NaN, so that the first number tells a failure.
            let first = try file.bytes(in: byteCount..<byteCount + 4).withUnsafeBytes { $0.load(as: Float.self) }
            byteCount += 4 * width
            nameByteCount += name.count
            return EarlierRow(name: String(decoding: name.dropLast(), as: UTF8.self), hasFailed: first.isNaN)
        } catch {
            throw FoveaError(error)
        }
    }
}
