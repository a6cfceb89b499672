package import Imaging

/// Where one encoded picture comes from.
package enum PictureSource: Sendable {
    /// A file.
    case file(String)
    /// Bytes that are already in memory, and what results and messages call them.
    case encoded([UInt8], name: String)
    /// Something that was named as a picture and of which it is already known that it is none.
    case unreadable(ImageError, name: String)

    /// What results call the picture.
    package var name: String {
        switch self {
        case .file(let path): path
        case .encoded(_, let name), .unreadable(_, let name): name
        }
    }

    /// What messages call it.
    package var title: String {
        switch self {
        case .file(let path): path
        case .encoded(_, "-"), .unreadable(_, "-"): "standard input"
        case .encoded(_, let name), .unreadable(_, let name): name
        }
    }
}

/// A picture as the model sees it, and what its file said.
package struct PreparedPicture: Sendable {
    /// Resized and cropped, not yet normalized.
    package let picture: Picture
    /// The encoding.
    package let format: PictureFormat
    /// Columns and rows as stored.
    package let storedSize: PixelSize
    /// Columns and rows after turning: what the first step of the recipe gets.
    package let uprightSize: PixelSize
    /// What the EXIF block states; `.up` where there is none.
    package let orientation: Orientation
    /// Whether the orientation was applied.
    package let isTurned: Bool
    /// Harmless oddities, a sentence each.
    package let notes: [String]

    init(_ decoded: DecodedPicture, by preprocessing: Preprocessing) throws(ImageError) {
        picture = try preprocessing.apply(to: decoded.picture)
        (format, storedSize, uprightSize) = (decoded.format, decoded.storedSize, decoded.picture.size)
        (orientation, isTurned, notes) = (decoded.orientation, decoded.isTurned, decoded.notes)
    }
}
