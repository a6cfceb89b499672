import Operations

/// The table of contents of a safetensors file, checked against the file's size.
struct SafeTensorsHeader {
    /// One tensor: how it is encoded and where its bytes lie behind the header.
    struct Entry {
        let name: String
        let layout: TensorLayout
        let range: Range<Int>
    }

    /// The limits that a file is held to, whatever its size.
    enum Limit {
        static let headerBytes = 100_000_000
        static let tensors = 100_000
        static let nameBytes = 4096
        static let axes = 64
        static let depth = 4
    }

    let entries: [Entry]
    let metadata: [String: String]
    /// Where the tensors' bytes begin.
    let dataOffset: Int

    init(_ source: ByteSource) throws(CheckpointError) {
        let bytes: [UInt8]
        do throws(CheckpointError) {
            bytes = try Self.bytes(of: source)
        } catch {
            throw try Self.foreignFormat(of: source) ?? error
        }
        dataOffset = 8 + bytes.count
        var parser = try SafeTensorsHeaderParser(bytes, dataSize: source.size - dataOffset, file: source.name)
        try parser.parse()
        entries = parser.entries
        metadata = parser.metadata
        try Self.checkCoverage(of: entries, dataSize: source.size - dataOffset, file: source.name)
        try source.checkUnchanged()
    }

    /// The header's JSON text, its length checked before it is read.
    private static func bytes(of source: ByteSource) throws(CheckpointError) -> [UInt8] {
        let again = "the file is incomplete, download it again"
        guard source.size >= 8 else {
            throw CheckpointError(
                .safeTensorsShort, file: source.name, "is too short to be a safetensors file",
                found: "\(source.size) bytes", expected: "at least 8", next: again)
        }
        let length = try source.bytes(in: 0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= Limit.headerBytes else {
            throw CheckpointError(
                .safeTensorsHeaderTooLarge, file: source.name, "declares too long a header",
                found: "\(length) bytes", expected: "at most \(Limit.headerBytes)",
                next: "check that it is a safetensors file")
        }
        guard length > 0 else {
            throw CheckpointError(
                .safeTensorsHeaderStart, file: source.name, "has an empty header", expected: "a JSON object",
                next: "check that it is a safetensors file")
        }
        guard Int(length) <= source.size - 8 else {
            throw CheckpointError(
                .safeTensorsTruncated, file: source.name, "ends within its header", found: "\(source.size) bytes",
                expected: "at least \(8 + length)", next: again)
        }
        let start = try source.bytes(in: 8..<9)
        guard start == [UInt8(ascii: "{")] else {
            throw CheckpointError(
                .safeTensorsHeaderStart, file: source.name, "has a header that is not a JSON object",
                found: "byte \(start[0])", expected: "'{' at byte 8", next: "check that it is a safetensors file")
        }
        return try source.bytes(in: 8..<(8 + Int(length)))
    }

    /// What the file is where it is something well known; nil otherwise.
    private static func foreignFormat(of source: ByteSource) throws(CheckpointError) -> CheckpointError? {
        let start = try source.bytes(in: 0..<min(source.size, 32))
        let formats: [(magic: String, name: String, next: String)] = [
            ("version https://git-lfs", "a Git LFS pointer", "run git lfs pull"),
            ("<html", "a web page", "download the file itself"),
            ("<!doctype html", "a web page", "download the file itself"),
            ("PK\u{3}\u{4}", "a zip archive (PyTorch or NumPy)", "save the model as safetensors"),
            ("\u{80}\u{2}", "a Python pickle", "save the model as safetensors"),
            ("\u{89}HDF", "an HDF5 file", "save the model as safetensors"),
            ("GGUF", "a GGUF file", "use the safetensors file of the same model"),
            ("ONNX", "an ONNX file", "use the safetensors file of the same model"),
        ]
        let text = start.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        for format in formats {
            let magic = format.magic.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            guard text.starts(with: magic.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }) else { continue }
            return CheckpointError(
                .notSafeTensors, file: source.name, "is \(format.name), not a safetensors file", next: format.next)
        }
        return nil
    }

    /// Throws unless the tensors cover the data from its first byte to its last, each byte once.
    private static func checkCoverage(of entries: [Entry], dataSize: Int, file: String) throws(CheckpointError) {
        let sorted = entries.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var end = 0
        for entry in sorted {
            let begin = entry.range.lowerBound
            guard begin >= end else {
                throw CheckpointError(
                    .safeTensorsOverlap, file: file, tensor: entry.name, "overlaps another tensor",
                    found: "a start at byte \(begin) of the data", expected: "\(end)",
                    next: "do not use this file, it was not written by a sound program")
            }
            guard begin == end else {
                throw CheckpointError(
                    .safeTensorsHole, file: file, tensor: entry.name, "leaves a hole before it",
                    found: "a start at byte \(begin) of the data", expected: "\(end)",
                    next: "do not use this file, it was not written by a sound program")
            }
            end = entry.range.upperBound
        }
        guard end == dataSize else {
            throw CheckpointError(
                .safeTensorsHole, file: file, "has bytes that belong to no tensor", found: "\(dataSize) bytes of data",
                expected: "\(end)", next: "do not use this file, something was appended to it")
        }
    }
}
