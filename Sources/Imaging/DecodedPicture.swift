import CImageDecoding

/// A picture together with what its file said.
package struct DecodedPicture: Sendable {
    /// The pixels, turned upright unless the options say otherwise.
    package let picture: Picture
    /// The encoding, told by the first bytes.
    package let format: PictureFormat
    /// Columns and rows as stored, before turning.
    package let storedSize: PixelSize
    /// What the EXIF block states; `.up` where there is none.
    package let orientation: Orientation
    /// Whether `orientation` was applied to `picture`.
    package let isTurned: Bool
    /// Harmless oddities, a sentence each: an animation, a wrong extension, tolerated damage.
    package let notes: [String]
}

extension DecodedPicture {
    /// Decodes a JPEG, PNG or WebP, with the values of Pillow's `Image.open(f).convert('RGB')`.
    ///
    /// Limits are checked against the header, before anything is allocated for the pixels. Alpha is dropped, no color
    /// profile is applied, of an animation the first picture is taken, and bytes after the end are ignored.
    /// - Throws: an `ImageError` with one of the `IMG_` codes.
    package init(decoding bytes: [UInt8], options: DecodingOptions = DecodingOptions()) throws(ImageError) {
        let header = try PictureHeader(of: bytes, options: options)
        let (stored, isIncomplete) = try Self.pixels(of: bytes, header: header, options: options)
        let blocks = MetadataBlocks(bytes, format: header.format)
        let orientation = Orientation.stated(in: bytes, format: header.format)
        isTurned = options.appliesOrientation && orientation != .up
        picture = isTurned ? stored.turned(orientation) : stored
        format = header.format
        storedSize = header.size
        self.orientation = orientation
        var notes: [String] = []
        if let sequence = blocks.sequence { notes.append("\(sequence): its first picture is used") }
        if isIncomplete { notes.append("damaged: what could not be decoded is gray or black") }
        self.notes = notes
    }

    private static func pixels(
        of bytes: [UInt8], header: PictureHeader, options: DecodingOptions
    ) throws(ImageError) -> (Picture, isIncomplete: Bool) {
        let limits = fovea_decode_limits(
            scans: Int32(clamping: options.maximumScans), seconds: options.maximumSeconds,
            allow_truncated: options.allowsTruncated)
        let count = header.size.area * 3
        var outcome = fovea_image_outcome()
        let rgb = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            outcome = fovea_image_decode(bytes, bytes.count, limits, buffer.baseAddress, count)
            initialized = outcome.status == FOVEA_IMAGE_OK ? count : 0
        }
        if outcome.status != FOVEA_IMAGE_OK { throw ImageError(outcome, format: header.format, options: options) }
        return (Picture(size: header.size, bytes: rgb), outcome.incomplete)
    }
}

extension Picture {
    /// Decodes a JPEG, PNG or WebP; `DecodedPicture` tells more about the file.
    /// - Throws: an `ImageError` with one of the `IMG_` codes.
    package static func decode(
        _ bytes: [UInt8], options: DecodingOptions = DecodingOptions()
    ) throws(ImageError) -> Picture {
        try DecodedPicture(decoding: bytes, options: options).picture
    }
}

/// The C libraries that decode, with their versions.
package enum ImagingLibraries {
    /// Such as "libjpeg-turbo 2.1.5, libpng 1.6.39, libwebp 1.2.4".
    package static var versions: String { String(cString: fovea_image_libraries()) }
}
