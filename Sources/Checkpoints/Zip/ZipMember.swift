/// One file inside a zip archive, its place checked against the archive's size.
struct ZipMember: Sendable {
    /// How the bytes are stored.
    enum Method: Int, Sendable {
        case stored = 0
        case deflated = 8
    }

    /// Position in the directory.
    let index: Int
    let name: String
    let method: Method
    /// CRC-32 of the content.
    let checksum: UInt32
    /// Bytes in the archive.
    let storedSize: Int
    /// Bytes of the content.
    let size: Int
    /// Where the member's own header begins.
    let headerOffset: Int
    /// Where its stored bytes begin.
    let dataOffset: Int
}
