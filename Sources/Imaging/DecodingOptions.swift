/// What may be decoded and how; the defaults are safe for pictures from strangers.
package struct DecodingOptions: Hashable, Sendable {
    /// Largest width times height.
    ///
    /// The default is Pillow's line, 1 GiB / 4 / 3.
    package var maximumPixels = 89_478_485
    /// Largest ratio of the longer to the shorter side.
    package var maximumAspect = 1000
    /// Largest file, in bytes.
    package var maximumFileBytes = 64 << 20
    /// Largest number of scans in a JPEG; encoders write at most about 15.
    package var maximumScans = 100
    /// Processor seconds that the decoding of one picture may take; infinity for no limit.
    package var maximumSeconds = 2.0
    /// Decode what is there of a truncated or damaged picture instead of failing.
    package var allowsTruncated = false
    /// Turn the picture upright as its EXIF block says.
    package var appliesOrientation = true

    /// Makes the default options.
    package init() {}
}
