import Dispatch
package import Imaging
package import Operations

/// Takes pictures from files to what a model looks at, on all cores.
package struct PictureReader: Sendable {
    /// The recipe.
    package let preprocessing: Preprocessing
    /// Limits and orientation.
    package let decoding: DecodingOptions

    /// Reads pictures by a recipe.
    package init(_ preprocessing: Preprocessing, decoding: DecodingOptions = DecodingOptions()) {
        (self.preprocessing, self.decoding) = (preprocessing, decoding)
    }

    /// Mean and deviation as operations take them.
    package var normalization: Operations.Normalization {
        func triple(_ values: [Double]) -> SIMD3<Float> { SIMD3(Float(values[0]), Float(values[1]), Float(values[2])) }
        return Operations.Normalization(
            mean: triple(preprocessing.normalization.unitMean),
            deviation: triple(preprocessing.normalization.unitDeviation))
    }

    /// Reads one picture.
    package func prepare(_ source: PictureSource) throws(ImageError) -> PreparedPicture {
        do throws(ImageError) {
            switch source {
            case .file(let path):
                return try PreparedPicture(PictureFile.decode(path: path, options: decoding), by: preprocessing)
            case .encoded(let bytes, _):
                return try PreparedPicture(DecodedPicture(decoding: bytes, options: decoding), by: preprocessing)
            case .unreadable(let error, _): throw error
            }
        } catch {
            throw error.about(file: source.title)
        }
    }

    /// Reads pictures on all cores; results in the order of the sources, each a picture or why there is none.
    package func prepare(_ sources: [PictureSource]) -> [Result<PreparedPicture, ImageError>] {
        let results = ResultSlots(count: sources.count)
        DispatchQueue.concurrentPerform(iterations: sources.count) { index in
            results[index] = Result { () throws(ImageError) in try prepare(sources[index]) }
        }
        return results.all
    }

    /// Reads one file.
    package func picture(at path: String) throws(ImageError) -> Picture { try prepare(.file(path)).picture }

    /// Reads pictures that are already in memory, encoded.
    package func picture(decoding bytes: [UInt8]) throws(ImageError) -> Picture {
        try preprocessing.apply(to: try DecodedPicture(decoding: bytes, options: decoding).picture)
    }

    /// Reads files on all cores; results in the order of the paths, each a picture or why there is none.
    package func pictures(at paths: [String]) -> [Result<Picture, ImageError>] {
        prepare(paths.map { .file($0) }).map { $0.map(\.picture) }
    }

    /// Pictures of one size as a batch.
    package static func batch(_ pictures: [Picture]) -> PixelBatch {
        precondition(Set(pictures.map(\.size)).count == 1, "a batch needs pictures of one size")
        return PixelBatch(
            count: pictures.count, height: pictures[0].height, width: pictures[0].width,
            bytes: pictures.count == 1 ? pictures[0].bytes : pictures.flatMap(\.bytes))
    }
}

/// Places that several threads fill, each its own.
///
/// `@unchecked Sendable`: no two threads write one place, and nobody reads before all have written.
private final class ResultSlots: @unchecked Sendable {
    private let slots: UnsafeMutableBufferPointer<Result<PreparedPicture, ImageError>?>

    init(count: Int) {
        slots = .allocate(capacity: count)
        slots.initialize(repeating: nil)
    }

    deinit {
        slots.deinitialize()
        slots.deallocate()
    }

    subscript(index: Int) -> Result<PreparedPicture, ImageError>? {
        get { slots[index] }
        set { slots[index] = newValue }
    }

    var all: [Result<PreparedPicture, ImageError>] { slots.compactMap { $0 } }
}
