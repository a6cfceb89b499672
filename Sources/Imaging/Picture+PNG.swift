import CImageDecoding

extension Picture {
    /// The picture as a PNG file of 8-bit RGB, without loss.
    /// - Throws: an `ImageError` with code `IMG_MEMORY` where memory runs out.
    package func png() throws(ImageError) -> [UInt8] {
        try PNGEncoding.encode(pixels: bytes, size: size, channels: 3)
    }
}

/// Writes PNG files into memory.
package enum PNGEncoding {
    /// Encodes 8-bit RGB (3 channels) or RGBA (4 channels) pixels, rows from the top without padding.
    /// - Throws: an `ImageError` with code `IMG_MEMORY` where memory runs out.
    package static func encode(pixels: [UInt8], size: PixelSize, channels: Int) throws(ImageError) -> [UInt8] {
        precondition(channels == 3 || channels == 4, "\(channels) channels, PNG is written with 3 or 4")
        precondition(pixels.count == size.area * channels, "\(pixels.count) bytes for \(size) of \(channels) channels")
        var png: UnsafeMutablePointer<UInt8>?
        var count = 0
        let outcome = fovea_png_encode(
            pixels, UInt32(size.width), UInt32(size.height), Int32(channels), &png, &count)
        defer { fovea_image_free(png) }
        guard outcome.status == FOVEA_IMAGE_OK else {
            throw ImageError(.memory, "a PNG of \(size) could not be written; free some memory")
        }
        return Array(UnsafeBufferPointer(start: png, count: count))
    }
}
