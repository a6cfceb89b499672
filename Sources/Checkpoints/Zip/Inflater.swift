import CZlib

/// Undoes raw deflate compression, a piece at a time.
///
/// The stream lies on the heap, since zlib remembers its address.
final class Inflater {
    private let stream: UnsafeMutablePointer<z_stream>
    private let file: String
    private let member: String
    /// Whether the compressed data have said that they are at their end.
    private(set) var isFinished = false

    /// Whether everything that was fed has been used.
    var isHungry: Bool { stream.pointee.avail_in == 0 }

    init(file: String, member: String) throws(CheckpointError) {
        (self.file, self.member) = (file, member)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // Negative: no header around the data.
        let status = inflateInit2_(stream, -15, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            throw CheckpointError(
                .zipData, file: file, "cannot be inflated: zlib does not start (status \(status))",
                next: "free some memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Gives the next compressed bytes, which must stay where they are until the inflater is hungry again.
    func feed(_ input: UnsafeRawBufferPointer) {
        precondition(isHungry, "fed before the last bytes were used")
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = uInt(input.count)
    }

    /// Fills the buffer as far as the input reaches; gives the number of bytes.
    func produce(into output: UnsafeMutableRawBufferPointer) throws(CheckpointError) -> Int {
        stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = uInt(output.count)
        let status = inflate(stream, Z_NO_FLUSH)
        switch status {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: isFinished = true
        default: throw damage("cannot be inflated (zlib status \(status))")
        }
        return output.count - Int(stream.pointee.avail_out)
    }

    /// The error for compressed data that are no such thing.
    func damage(_ problem: String) -> CheckpointError {
        CheckpointError(
            .zipData, file: file, "has a member '\(member.abbreviated(to: 200))' that \(problem)",
            next: "the file is damaged, download it again")
    }
}
