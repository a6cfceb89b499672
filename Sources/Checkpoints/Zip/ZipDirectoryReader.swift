/// Reads a zip directory entry by entry, each held against the header before the member itself.
struct ZipDirectoryReader {
    private let source: ByteSource
    private let fields: ByteFields
    /// Where the directory begins: no member reaches beyond.
    private let dataEnd: Int
    private var offset = 0

    init(source: ByteSource, fields: ByteFields, dataEnd: Int) {
        (self.source, self.fields, self.dataEnd) = (source, fields, dataEnd)
    }

    /// Whether the last entry ended with the directory.
    var isAtEnd: Bool { offset == fields.count }

    /// The error for one member.
    func failure(_ code: CheckpointError.Code, _ name: String, _ problem: String) -> CheckpointError {
        CheckpointError(
            code, file: source.name, "has a member '\(name.abbreviated(to: 200))' that \(problem)",
            next: code == .zipEncrypted || code == .zipMethod
                ? "save the archive with stored or deflated members" : "the file is damaged, download it again")
    }

    /// What an entry says, in the directory or before the member.
    private struct Entry {
        let flags: Int
        let method: Int
        let checksum: Int
        var storedSize: UInt64
        var size: UInt64
        let name: ArraySlice<UInt8>
        let extra: ArraySlice<UInt8>
    }

    /// The next member.
    mutating func next(_ index: Int) throws(CheckpointError) -> ZipMember {
        let truncated = CheckpointError(
            .zipTruncated, file: source.name, "has a directory that ends within its member \(index)",
            next: "the file is incomplete, download it again")
        guard fields.unsigned32(at: offset) == 0x0201_4B50, let extraLength = fields.unsigned16(at: offset + 30),
            let commentLength = fields.unsigned16(at: offset + 32), let disk = fields.unsigned16(at: offset + 34),
            let narrowHeader = fields.unsigned32(at: offset + 42),
            var entry = entry(fields, at: offset + 8, nameLengthAt: offset + 28, nameAt: offset + 46, extraLength)
        else { throw truncated }
        offset += 46 + entry.name.count + extraLength + commentLength
        guard offset <= fields.count else { throw truncated }
        let name = try Self.checkedName(entry.name, self)
        guard disk == 0 || disk == 0xFFFF else { throw failure(.zipMethod, name, "lies in another part") }
        var header = UInt64(narrowHeader)
        try widen(&entry, header: &header, name)
        guard entry.flags & 0x2041 == 0 else { throw failure(.zipEncrypted, name, "is encrypted") }
        guard let method = ZipMember.Method(rawValue: entry.method) else {
            throw failure(.zipMethod, name, "is compressed by method \(entry.method), neither stored nor deflated")
        }
        guard let storedSize = Int(exactly: entry.storedSize), let size = Int(exactly: entry.size),
            let headerOffset = Int(exactly: header), headerOffset <= dataEnd - 30, storedSize <= dataEnd
        else { throw failure(.zipTruncated, name, "lies beyond the end of the archive") }
        guard method == .deflated || size == storedSize else {
            throw failure(.zipMismatch, name, "is stored as it is and has two lengths, \(storedSize) and \(size)")
        }
        // What deflate can make of one byte, and some for its own framing.
        guard size / 1032 <= storedSize else {
            throw failure(.zipRatio, name, "promises \(size) bytes, more than \(storedSize) can be inflated to")
        }
        let dataOffset = try dataOffset(behind: headerOffset, entry, name)
        guard storedSize <= dataEnd - dataOffset else {
            throw failure(.zipTruncated, name, "lies beyond the end of the archive")
        }
        return ZipMember(
            index: index, name: name, method: method, checksum: UInt32(truncatingIfNeeded: entry.checksum),
            storedSize: storedSize, size: size, headerOffset: headerOffset, dataOffset: dataOffset)
    }

    /// The fields that stand in both places in the same order: flags, method, time, checksum, sizes, length of the name.
    private func entry(
        _ fields: ByteFields, at start: Int, nameLengthAt lengthOffset: Int, nameAt nameOffset: Int, _ extraLength: Int
    ) -> Entry? {
        guard let flags = fields.unsigned16(at: start), let method = fields.unsigned16(at: start + 2),
            let checksum = fields.unsigned32(at: start + 8), let storedSize = fields.unsigned32(at: start + 12),
            let size = fields.unsigned32(at: start + 16), let nameLength = fields.unsigned16(at: lengthOffset),
            let name = fields.field(at: nameOffset, length: nameLength),
            let extra = fields.field(at: nameOffset + nameLength, length: extraLength)
        else { return nil }
        return Entry(
            flags: flags, method: method, checksum: checksum, storedSize: UInt64(storedSize), size: UInt64(size),
            name: name, extra: extra)
    }

    /// Where the content begins, once the member's own header has said the same as the directory.
    private func dataOffset(behind header: Int, _ entry: Entry, _ name: String) throws(CheckpointError) -> Int {
        let contradiction = failure(.zipMismatch, name, "contradicts the directory")
        let start = ByteFields(try source.bytes(in: header..<(header + 30)))
        guard start.unsigned32(at: 0) == 0x0403_4B50, let nameLength = start.unsigned16(at: 26),
            let extraLength = start.unsigned16(at: 28)
        else { throw contradiction }
        let dataOffset = header + 30 + nameLength + extraLength
        guard dataOffset <= dataEnd else { throw failure(.zipTruncated, name, "lies beyond the end of the archive") }
        let whole = ByteFields(try source.bytes(in: header..<dataOffset))
        guard var own = self.entry(whole, at: 6, nameLengthAt: 26, nameAt: 30, extraLength),
            own.method == entry.method, own.flags == entry.flags, own.name.elementsEqual(entry.name)
        else { throw contradiction }
        // Sizes and checksum follow the content where this bit is set, and stand here only if they were known.
        if own.flags & 8 != 0, own.storedSize == 0 || own.checksum == 0 { return dataOffset }
        var unused: UInt64 = 0
        try widen(&own, header: &unused, name)
        guard own.checksum == entry.checksum, own.storedSize == entry.storedSize, own.size == entry.size else {
            throw contradiction
        }
        return dataOffset
    }

    /// Takes from the Zip64 field what did not fit in 32 bits.
    private func widen(_ entry: inout Entry, header: inout UInt64, _ name: String) throws(CheckpointError) {
        let extra = ByteFields(Array(entry.extra))
        var offset = 0
        while let kind = extra.unsigned16(at: offset), let length = extra.unsigned16(at: offset + 2) {
            guard kind == 1 else {
                offset += 4 + length
                continue
            }
            guard let field = extra.field(at: offset + 4, length: length) else { break }
            let values = ByteFields(Array(field))
            var position = 0
            func take(_ value: inout UInt64) throws(CheckpointError) {
                guard value == 0xFFFF_FFFF else { return }
                guard let wide = values.unsigned64(at: position) else {
                    throw failure(.zip64, name, "has a Zip64 field that is too short")
                }
                value = wide
                position += 8
            }
            try take(&entry.size)
            try take(&entry.storedSize)
            try take(&header)
            return
        }
        guard entry.size != 0xFFFF_FFFF, entry.storedSize != 0xFFFF_FFFF, header != 0xFFFF_FFFF else {
            throw failure(.zip64, name, "lacks the Zip64 field it refers to")
        }
    }

    /// A name that stays in its folder.
    private static func checkedName(
        _ bytes: ArraySlice<UInt8>, _ reader: ZipDirectoryReader
    ) throws(CheckpointError) -> String {
        let name = String(decoding: bytes, as: UTF8.self)
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isSound =
            name.utf8.elementsEqual(bytes) && !bytes.contains(0) && !bytes.contains(UInt8(ascii: "\\"))
            && !name.isEmpty && bytes.count <= ZipDirectory.Limit.nameBytes
            && !parts.dropLast().contains("") && !parts.contains("..") && !parts.contains(".")
        guard isSound else { throw reader.failure(.zipName, name, "has a name that leads out of its folder") }
        return name
    }
}
