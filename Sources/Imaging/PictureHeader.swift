import CImageDecoding

/// What the header of an encoded picture says.
package struct PictureHeader: Hashable, Sendable {
    /// The encoding, told by the first bytes.
    package let format: PictureFormat
    /// Columns and rows as stored.
    package let size: PixelSize

    /// Reads the header alone and holds it against the limits.
    /// - Throws: an `ImageError` with one of the `IMG_` codes.
    package init(of bytes: [UInt8], options: DecodingOptions = DecodingOptions()) throws(ImageError) {
        if bytes.isEmpty { throw ImageError(.empty, "the file is empty; supply a JPEG, PNG or WebP picture") }
        if bytes.count > options.maximumFileBytes {
            throw .fileTooLarge(bytes.count, limit: options.maximumFileBytes)
        }
        guard let format = PictureFormat(signatureOf: bytes) else {
            let name = PictureFormat.nameOfForeign(bytes)
            throw ImageError(.format, "is \(name); supported: JPEG, PNG, WebP; convert it to one of these")
        }
        let outcome = fovea_image_probe(bytes, bytes.count)
        if outcome.status != FOVEA_IMAGE_OK { throw ImageError(outcome, format: format, options: options) }
        self.format = format
        size = PixelSize(width: Int(outcome.width), height: Int(outcome.height))
        try size.check(against: options)
    }
}

extension PixelSize {
    fileprivate func check(against options: DecodingOptions) throws(ImageError) {
        if width == 0 || height == 0 {
            throw ImageError(.corrupt, "its header says \(self) pixels, each side must be at least 1; export it again")
        }
        if area > options.maximumPixels {
            throw ImageError(
                .tooLarge,
                "has \(self) = \(area) pixels, the limit is \(options.maximumPixels); "
                    + "shrink it or raise the limit (--max-pixels)")
        }
        if max(width, height) > options.maximumAspect * min(width, height) {
            throw ImageError(
                .aspect, "has \(self) pixels, one side may be at most \(options.maximumAspect) times the other; crop it"
            )
        }
    }
}

extension ImageError {
    static func fileTooLarge(_ bytes: Int, limit: Int) -> ImageError {
        ImageError(.fileTooLarge, "has \(bytes) bytes, the limit is \(limit) bytes; save it smaller")
    }

    /// Translates what the C floor reports.
    init(_ outcome: fovea_image_outcome, format: PictureFormat, options: DecodingOptions) {
        let detail = withUnsafeBytes(of: outcome.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let name = format.rawValue
        switch outcome.status {
        case FOVEA_IMAGE_TRUNCATED:
            self.init(
                .truncated,
                "the \(name) is truncated (\(detail)); fetch it again or allow truncated pictures (--allow-truncated)")
        case FOVEA_IMAGE_TOO_LARGE:
            self.init(.tooLarge, "the \(name) is too large (\(detail)); shrink it")
        case FOVEA_IMAGE_UNSUPPORTED:
            self.init(.unsupported, "this \(name) cannot be decoded (\(detail)); save it as an ordinary \(name) or PNG")
        case FOVEA_IMAGE_TOO_MANY_SCANS:
            self.init(.scans, "the \(name) \(detail); save it again with an ordinary encoder")
        case FOVEA_IMAGE_TIMEOUT:
            self.init(
                .timeout,
                "decoding the \(name) took more than \(options.maximumSeconds) s of processor time; save it smaller")
        case FOVEA_IMAGE_OUT_OF_MEMORY:
            self.init(.memory, "there is not enough memory to decode this \(name) (\(detail)); shrink it")
        default:
            self.init(
                .corrupt,
                "the \(name) is damaged (\(detail)); fetch it again or allow truncated pictures (--allow-truncated)")
        }
    }
}
