/// Writes zip archives of stored members, sound ones and every kind of unsound one.
struct ZipBuilder {
    /// One member as it is to be written.
    struct Member {
        var name: [UInt8]
        var content: [UInt8]
        var method: UInt16 = 0
        var flags: UInt16 = 0
        /// What the headers say; the truth where nil.
        var checksum: UInt32?
        var size: UInt32?
        var storedSize: UInt32?
        /// What the member's own header says in place of the directory's.
        var ownMethod: UInt16?
        var ownName: [UInt8]?
        var ownSize: UInt32?
        var extra: [UInt8] = []
        /// Where the directory says that the member begins; the truth where nil.
        var offset: UInt32?

        init(_ name: String, _ content: [UInt8]) { (self.name, self.content) = (Array(name.utf8), content) }
    }

    var members: [Member]
    var comment: [UInt8] = []
    /// What the end says; the truth where nil.
    var count: UInt16?
    var directorySize: UInt32?
    var directoryOffset: UInt32?
    var disk: UInt16 = 0
    /// Bytes between the directory and the end.
    var beforeEnd: [UInt8] = []

    init(_ members: [Member]) { self.members = members }

    /// An archive with one `.npy` member.
    static func array(_ name: String = "a.npy", header: String? = nil, data: [UInt8] = [0, 0, 0x80, 0x3F]) -> Self {
        Self([Member(name, npy(header ?? "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", data))])
    }

    /// An `.npy` file of version 1.
    static func npy(_ header: String, _ data: [UInt8]) -> [UInt8] {
        [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndian([UInt16(header.utf8.count)]) + Array(header.utf8) + data
    }

    /// The archive with one of its members, or itself, changed.
    func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        let time: [UInt8] = [0, 0, 0x21, 0]
        for member in members {
            let (start, truth) = (UInt32(bytes.count), UInt32(member.content.count))
            let checksum = member.checksum ?? Self.checksum(member.content)
            let (storedSize, size) = (member.storedSize ?? truth, member.size ?? truth)
            let ownName = member.ownName ?? member.name
            bytes += littleEndian([0x0403_4B50] as [UInt32])
            bytes += littleEndian([20, member.flags, member.ownMethod ?? member.method] as [UInt16])
            bytes += time
            bytes += littleEndian([checksum, member.ownSize ?? storedSize, member.ownSize ?? size] as [UInt32])
            bytes += littleEndian([UInt16(ownName.count), 0] as [UInt16])
            bytes += ownName + member.content
            directory += littleEndian([0x0201_4B50] as [UInt32])
            directory += littleEndian([20, 20, member.flags, member.method] as [UInt16])
            directory += time
            directory += littleEndian([checksum, storedSize, size] as [UInt32])
            directory += littleEndian([UInt16(member.name.count), UInt16(member.extra.count), 0, 0, 0] as [UInt16])
            directory += littleEndian([0, member.offset ?? start] as [UInt32])
            directory += member.name + member.extra
        }
        let start = UInt32(bytes.count)
        let count = count ?? UInt16(members.count)
        bytes += directory + beforeEnd
        bytes += littleEndian([0x0605_4B50] as [UInt32])
        bytes += littleEndian([disk, 0, count, count] as [UInt16])
        bytes += littleEndian([directorySize ?? UInt32(directory.count), directoryOffset ?? start] as [UInt32])
        bytes += littleEndian([UInt16(comment.count)] as [UInt16])
        return bytes + comment
    }

    /// CRC-32 of IEEE 802.3, bit by bit: another way to it than the library's.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var state = ~UInt32(0)
        for byte in bytes {
            state ^= UInt32(byte)
            for _ in 0..<8 { state = state & 1 == 1 ? (state >> 1) ^ 0xEDB8_8320 : state >> 1 }
        }
        return ~state
    }
}
