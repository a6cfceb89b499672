/// Bytes that can be read at any offset: a file, an array, or a region that is part of the program.
package enum ByteSource: Sendable {
    /// A regular file.
    case file(InputFile)
    /// Bytes in memory, and what messages call them.
    case bytes([UInt8], name: String)
    /// A region that never moves or changes, such as a model inside the binary, and what messages call it.
    case region(StaticRegion, name: String)

    /// What messages call the source.
    package var name: String {
        switch self {
        case .file(let file): file.path
        case .bytes(_, let name), .region(_, let name): name
        }
    }

    /// Length in bytes.
    package var size: Int {
        switch self {
        case .file(let file): file.size
        case .bytes(let bytes, _): bytes.count
        case .region(let region, _): region.buffer.count
        }
    }

    /// Fills the buffer from `offset` on; the caller has checked that the source reaches so far.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(CheckpointError) {
        precondition(
            offset >= 0 && buffer.count <= size && offset <= size - buffer.count,
            "bytes \(offset)..<\(offset + buffer.count) of \(size)")
        switch self {
        case .file(let file):
            try file.read(into: buffer, at: offset)
        case .bytes(let bytes, _):
            bytes.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[offset..<(offset + buffer.count)])) }
        case .region(let region, _):
            buffer.copyMemory(from: .init(rebasing: region.buffer[offset..<(offset + buffer.count)]))
        }
    }

    /// Copies a range out; the caller has checked that the source reaches so far.
    package func bytes(in range: Range<Int>) throws(CheckpointError) -> [UInt8] {
        var failure: CheckpointError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(CheckpointError) {
                try read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
                count = range.count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Throws IO_CHANGED where the source is a file that was written to since it was opened.
    package func checkUnchanged() throws(CheckpointError) {
        if case .file(let file) = self { try file.checkUnchanged() }
    }
}

/// Memory that is immutable and lives as long as the process.
///
/// `@unchecked Sendable`: whoever makes one vouches for exactly this, and then any thread may read it at any time.
package struct StaticRegion: @unchecked Sendable {
    /// The memory.
    package let buffer: UnsafeRawBufferPointer

    /// Wraps memory that the caller vouches for: never written, never freed.
    package init(_ buffer: UnsafeRawBufferPointer) { self.buffer = buffer }
}
