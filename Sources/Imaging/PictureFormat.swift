import CImageDecoding

/// The encodings that are read.
package enum PictureFormat: String, Sendable, CaseIterable {
    /// Baseline and progressive, gray, YCbCr, RGB, CMYK and YCCK.
    case jpeg = "JPEG"
    /// Every color type and depth; of an animation the first picture.
    case png = "PNG"
    /// Lossy and lossless, with or without alpha; of an animation the first frame.
    case webP = "WebP"

    /// The format that the first bytes tell, nil for all others; names and extensions are never asked.
    package init?(signatureOf bytes: [UInt8]) {
        self.init(fovea_image_identify(bytes, bytes.count))
    }

    init?(_ format: fovea_image_format) {
        switch format {
        case FOVEA_IMAGE_JPEG: self = .jpeg
        case FOVEA_IMAGE_PNG: self = .png
        case FOVEA_IMAGE_WEBP: self = .webP
        default: return nil
        }
    }

    /// Extensions, in lower case and without the dot, under which such files are usually found.
    package var fileExtensions: [String] {
        switch self {
        case .jpeg: ["jpg", "jpeg", "jpe", "jfif"]
        case .png: ["png", "apng"]
        case .webP: ["webp"]
        }
    }

    /// What bytes that are none of the formats seem to be, for the error message: "TIFF", "a PDF document".
    static func nameOfForeign(_ bytes: [UInt8]) -> String {
        for (offset, signature, name) in foreignSignatures {
            if bytes.count >= offset + signature.count, bytes[offset...].starts(with: signature) { return name }
        }
        let start = bytes.prefix(256)
        if start.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 9 || $0 == 10 || $0 == 13 }) {
            let text = String(decoding: start, as: UTF8.self)
            return text.contains("<svg") ? "SVG" : text.contains("<html") ? "an HTML page" : "text"
        }
        return "of an unknown format"
    }

    private static let foreignSignatures: [(offset: Int, signature: [UInt8], name: String)] = [
        (0, [0x49, 0x49, 42, 0], "TIFF"), (0, [0x4D, 0x4D, 0, 42], "TIFF"),
        (0, Array("GIF8".utf8), "GIF"), (0, Array("BM".utf8), "BMP"),
        (4, Array("ftypavif".utf8), "AVIF"), (4, Array("ftypavis".utf8), "AVIF"),
        (4, Array("ftypheic".utf8), "HEIC"), (4, Array("ftypheix".utf8), "HEIC"), (4, Array("ftypmif1".utf8), "HEIC"),
        (4, Array("ftyphevc".utf8), "HEIC"), (4, Array("ftyp".utf8), "a video"),
        (0, [0xFF, 0x0A], "JPEG XL"), (4, Array("JXL ".utf8), "JPEG XL"), (4, Array("jP  ".utf8), "JPEG 2000"),
        (0, [0xFF, 0x4F, 0xFF, 0x51], "JPEG 2000"), (0, [0, 0, 1, 0], "an icon"),
        (0, Array("8BPS".utf8), "a Photoshop document"), (0, Array("%PDF".utf8), "a PDF document"),
        (0, Array("qoif".utf8), "QOI"), (0, Array("P5".utf8), "PGM"), (0, Array("P6".utf8), "PPM"),
        (0, [0x1F, 0x8B], "a gzip archive"), (0, [0x50, 0x4B, 3, 4], "a zip archive"),
        (0, [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59], "a NumPy array"),
        (0, Array("<svg".utf8), "SVG"), (0, Array("<?xml".utf8), "XML or SVG"),
        (0, Array("version https://git-lfs".utf8), "a Git LFS pointer (run git lfs pull)"),
    ]
}
