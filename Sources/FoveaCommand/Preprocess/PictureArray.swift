import Checkpoints
import Fovea
import Imaging
import Operations

/// The array that `preprocess` writes, `[B, 3, H, W]`, picture by picture; its size is that of the first picture.
struct PictureArray {
    private let file: OutputFile
    private let pictures: Int
    private var size: PixelSize?
    /// Pictures that failed before any did not.
    private var missing = 0

    /// Begins an array of `pictures` rows.
    init(_ file: OutputFile, pictures: Int) {
        (self.file, self.pictures) = (file, pictures)
    }

    /// Why a picture does not fit among the others; nil where it does.
    func refusal(of picture: Picture, name: String) -> FoveaError? {
        guard let size, size != picture.size else { return nil }
        return FoveaError(
            .input, code: "INPUT_SIZE",
            "\(name): becomes \(picture.size) pixels, but the first picture became \(size), and an array holds pictures "
                + "of one size; say how to resize them with --resize")
    }

    /// Appends a picture that fits.
    mutating func append(_ picture: Picture, by normalization: PixelNormalization) throws(FoveaError) {
        if size == nil {
            size = picture.size
            try file.write(NumPyArray.header(for: [pictures, 3, picture.height, picture.width]))
            for _ in 0..<missing { try appendMissing() }
        }
        try file.write(normalization.tensor(of: picture))
    }

    /// Appends a row of NaN.
    mutating func appendMissing() throws(FoveaError) {
        guard let size else {
            missing += 1
            return
        }
        try file.write([Float](repeating: .nan, count: 3 * size.area))
    }

    /// Gives the file its name.
    func finish() throws(FoveaError) { try file.commit() }
}
