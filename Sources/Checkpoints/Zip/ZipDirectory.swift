/// The table of contents of a zip archive, held against the archive's size and the members' own headers.
struct ZipDirectory {
    let members: [ZipMember]

    /// The limits that an archive is held to.
    enum Limit {
        static let members = 65_536
        static let directoryBytes = 64 << 20
        static let nameBytes = 4096
        /// How much larger the content may be than the archive; deflate itself ends at 1032.
        static let ratio = 200
        /// Content that may be there whatever the ratio: a few tensors of zeros are honest.
        static let freeContentBytes = 1 << 20
    }

    init(_ source: ByteSource, duplicates: CheckpointError.Code) throws(CheckpointError) {
        let end = try ZipDirectoryEnd(source)
        let fields = ByteFields(try source.bytes(in: end.directory))
        var reader = ZipDirectoryReader(source: source, fields: fields, dataEnd: end.directory.lowerBound)
        var members: [ZipMember] = []
        var names: Set<String> = []
        for index in 0..<end.memberCount {
            let member = try reader.next(index)
            guard names.insert(member.name).inserted else {
                throw reader.failure(duplicates, member.name, "comes twice")
            }
            // A folder is an entry without content.
            if member.name.utf8.last != UInt8(ascii: "/") { members.append(member) }
        }
        guard reader.isAtEnd else {
            throw CheckpointError(
                .zipTruncated, file: source.name, "has a directory with something behind its last member",
                found: "\(fields.count) bytes", expected: "\(end.memberCount) members",
                next: "the file is damaged, download it again")
        }
        try Self.checkPlaces(of: members, reader)
        try Self.checkSizes(of: members, source)
        self.members = members
    }

    /// Throws where two members share bytes.
    private static func checkPlaces(of members: [ZipMember], _ reader: ZipDirectoryReader) throws(CheckpointError) {
        var end = 0
        for member in members.sorted(by: { $0.headerOffset < $1.headerOffset }) {
            guard member.headerOffset >= end else {
                throw reader.failure(.zipOverlap, member.name, "overlaps another member")
            }
            end = member.dataOffset + member.storedSize
        }
    }

    /// Throws where the contents are too large to come from an archive of this size.
    private static func checkSizes(of members: [ZipMember], _ source: ByteSource) throws(CheckpointError) {
        var total = 0
        for member in members {
            let (sum, overflows) = total.addingReportingOverflow(member.size)
            total = overflows ? Int.max : sum
        }
        let allowed = max(source.size.multipliedReportingOverflow(by: Limit.ratio).partialValue, Limit.freeContentBytes)
        guard total <= allowed else {
            throw CheckpointError(
                .zipRatio, file: source.name, "promises too much content for its size", found: "\(total) bytes",
                expected: "at most \(allowed), \(Limit.ratio) times the archive",
                next: "do not use this file, it was made to exhaust memory")
        }
    }
}

/// Where the directory lies and how many members it has: what the last bytes of an archive say.
struct ZipDirectoryEnd {
    private(set) var memberCount: Int
    private(set) var directory: Range<Int>

    private static let size = 22

    init(_ source: ByteSource) throws(CheckpointError) {
        // The record is followed by a comment of at most 65,535 bytes and nothing else.
        let tailSize = min(source.size, Self.size + 0xFFFF)
        let tailStart = source.size - tailSize
        let tail = ByteFields(try source.bytes(in: tailStart..<source.size))
        let position = stride(from: tailSize - Self.size, through: 0, by: -1).first { offset in
            tail.unsigned32(at: offset) == 0x0605_4B50
                && tail.unsigned16(at: offset + 20) == tailSize - offset - Self.size
        }
        guard let position, let disk = tail.unsigned16(at: position + 4),
            let count = tail.unsigned16(at: position + 10), let size = tail.unsigned32(at: position + 12),
            let start = tail.unsigned32(at: position + 16)
        else {
            throw CheckpointError(
                .zipTruncated, file: source.name, "is a zip archive without its end", found: "\(source.size) bytes",
                next: "the file is incomplete, download it again")
        }
        var end = tailStart + position
        (memberCount, directory) = (count, 0..<0)
        var (directoryStart, directorySize) = (UInt64(start), UInt64(size))
        if let wide = try Self.wideRecord(source, before: end) {
            let narrowAgrees =
                (count == 0xFFFF || UInt64(count) == wide.count)
                && (size == 0xFFFF_FFFF || UInt64(size) == wide.size)
                && (start == 0xFFFF_FFFF || UInt64(start) == wide.start)
            guard narrowAgrees else { throw Self.failure(.zip64, source, "whose two ends contradict each other") }
            end = wide.position
            (directoryStart, directorySize) = (wide.start, wide.size)
            memberCount = Int(min(wide.count, UInt64(Int.max)))
        } else if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
            throw Self.failure(.zip64, source, "that lacks the Zip64 end it refers to")
        }
        guard disk == 0 || disk == 0xFFFF else { throw Self.failure(.zipMethod, source, "of several parts") }
        guard directoryStart <= UInt64(end), directorySize == UInt64(end) - directoryStart else {
            throw CheckpointError(
                .zipTruncated, file: source.name, "is a zip archive whose directory is not where its end says",
                found: "\(directorySize) bytes at \(directoryStart)", expected: "an end at byte \(end)",
                next: "the file is incomplete, download it again")
        }
        guard memberCount <= ZipDirectory.Limit.members, directorySize <= UInt64(ZipDirectory.Limit.directoryBytes)
        else {
            throw CheckpointError(
                .zipLimit, file: source.name, "has too many members",
                found: "\(memberCount) in \(directorySize) bytes of directory",
                expected: "at most \(ZipDirectory.Limit.members)", next: "save the model in fewer pieces")
        }
        directory = Int(directoryStart)..<end
    }

    private struct WideRecord {
        let position: Int
        let count: UInt64
        let size: UInt64
        let start: UInt64
    }

    /// The Zip64 record, if a locator stands right before the plain end.
    private static func wideRecord(_ source: ByteSource, before end: Int) throws(CheckpointError) -> WideRecord? {
        guard end >= 20 else { return nil }
        let locator = ByteFields(try source.bytes(in: (end - 20)..<end))
        guard locator.unsigned32(at: 0) == 0x0706_4B50 else { return nil }
        guard let position = locator.unsigned64(at: 8), end >= 76, position == UInt64(end - 76) else {
            throw failure(.zip64, source, "whose Zip64 end is not where its locator says")
        }
        let record = ByteFields(try source.bytes(in: (end - 76)..<(end - 20)))
        guard record.unsigned32(at: 0) == 0x0606_4B50, record.unsigned64(at: 4) == 44,
            record.unsigned32(at: 16) == 0, record.unsigned32(at: 20) == 0, let here = record.unsigned64(at: 24),
            let count = record.unsigned64(at: 32), here == count, let size = record.unsigned64(at: 40),
            let start = record.unsigned64(at: 48)
        else { throw failure(.zip64, source, "with a malformed Zip64 end") }
        return WideRecord(position: end - 76, count: count, size: size, start: start)
    }

    private static func failure(
        _ code: CheckpointError.Code, _ source: ByteSource, _ problem: String
    ) -> CheckpointError {
        CheckpointError(
            code, file: source.name, "is a zip archive \(problem)", next: "the file is damaged, download it again")
    }
}
