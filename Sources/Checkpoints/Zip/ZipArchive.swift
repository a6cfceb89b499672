import CZlib
import Synchronization

/// A zip archive of which only stored and deflated members are read, its directory checked strictly.
///
/// Refused are encrypted members, other methods, more than one disk, members that overlap or leave the archive, names that
/// lead out of a folder or come twice, a directory that contradicts the members' own headers, and contents more than 200
/// times as large as the archive. Zip64 is read. Format: PKWARE APPNOTE 6.3.10.
final class ZipArchive: Sendable {
    /// The members, in the order of the directory; those whose name ends in `/` are left out.
    let members: [ZipMember]
    let source: ByteSource
    /// Members whose checksum has been found right, by index.
    private let verified = Mutex<Set<Int>>([])

    /// What messages call the archive.
    var file: String { source.name }

    /// Reads the directory; `duplicates` is the code for a name that comes twice.
    ///
    /// Throws ZIP_* for a bad archive, IO_* where it cannot be read.
    init(_ source: ByteSource, duplicates: CheckpointError.Code = .zipDuplicate) throws(CheckpointError) {
        self.source = source
        members = try ZipDirectory(source, duplicates: duplicates).members
        try source.checkUnchanged()
    }

    /// The first bytes of a member's content, at most `count`, whose checksum is not looked at.
    func prefix(_ count: Int, of member: ZipMember) throws(CheckpointError) -> [UInt8] {
        let end = min(count, member.size)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end)
        try stream(member, upTo: end) { bytes += $0 }
        return bytes
    }

    /// A range of a member's content.
    ///
    /// The first time it passes over the whole member and throws ZIP_CRC where the checksum is another.
    func bytes(of member: ZipMember, in range: Range<Int>) throws(CheckpointError) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= member.size, "\(range) of \(member.size) bytes")
        let isVerified = verified.withLock { $0.contains(member.index) }
        if isVerified, member.method == .stored {
            return try source.bytes(
                in: (member.dataOffset + range.lowerBound)..<(member.dataOffset + range.upperBound))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var (position, checksum) = (0, crc32(0, nil, 0))
        try stream(member, upTo: isVerified ? range.upperBound : member.size) { chunk in
            if !isVerified {
                checksum = crc32(checksum, chunk.bindMemory(to: UInt8.self).baseAddress, uInt(chunk.count))
            }
            let wanted = range.clamped(to: position..<(position + chunk.count))
            bytes += chunk[(wanted.lowerBound - position)..<(wanted.upperBound - position)]
            position += chunk.count
        }
        guard !isVerified else { return bytes }
        guard UInt32(truncatingIfNeeded: checksum) == member.checksum else {
            throw CheckpointError(
                .zipChecksum, file: file, "has a member '\(member.name.abbreviated(to: 200))' with a wrong checksum",
                found: Self.hexadecimal(UInt32(truncatingIfNeeded: checksum)),
                expected: Self.hexadecimal(member.checksum), next: "the file is damaged, download it again")
        }
        verified.withLock { _ = $0.insert(member.index) }
        return bytes
    }

    private static func hexadecimal(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }

    /// Bytes that pass through memory at a time.
    private static let step = 256 << 10

    /// Passes the content of a member, from its start to `end`, to a closure, piece by piece and in order.
    ///
    /// Throws ZIP_DATA where the member cannot be inflated, or to another length than the directory says.
    private func stream(
        _ member: ZipMember, upTo end: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(CheckpointError) {
        guard end > 0 || member.method == .deflated else { return }
        switch member.method {
        case .stored:
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(Self.step, end), alignment: 16)
            defer { buffer.deallocate() }
            var position = 0
            while position < end {
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, end - position)])
                try source.read(into: part, at: member.dataOffset + position)
                body(UnsafeRawBufferPointer(part))
                position += part.count
            }
        case .deflated:
            try inflate(member, upTo: end, body)
        }
    }

    private func inflate(
        _ member: ZipMember, upTo end: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(CheckpointError) {
        let inflater = try Inflater(file: file, member: member.name)
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.step, alignment: 16)
        defer {
            input.deallocate()
            output.deallocate()
        }
        var (read, produced) = (0, 0)
        while !inflater.isFinished, produced < end || end == member.size {
            if inflater.isHungry, read < member.storedSize {
                let part = UnsafeMutableRawBufferPointer(rebasing: input[..<min(input.count, member.storedSize - read)])
                try source.read(into: part, at: member.dataOffset + read)
                read += part.count
                inflater.feed(UnsafeRawBufferPointer(part))
            }
            let count = try inflater.produce(into: output)
            guard count <= member.size - produced else { throw inflater.damage("has more content than is listed") }
            let wanted = min(count, end - produced)
            if wanted > 0 { body(UnsafeRawBufferPointer(rebasing: output[..<wanted])) }
            produced += count
            guard count > 0 || inflater.isFinished || (inflater.isHungry && read < member.storedSize) else {
                throw inflater.damage("ends before its content does")
            }
        }
        guard end < member.size || (produced == member.size && inflater.isHungry && read == member.storedSize) else {
            throw inflater.damage("has less content than is listed")
        }
    }
}
