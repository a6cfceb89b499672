/// The header of an `.npy` file, checked against the file's size.
struct NumPyHeader {
    let scalarType: ScalarType
    let dimensions: [Int]
    let isBigEndian: Bool
    let isFortranOrder: Bool
    /// Where the elements begin.
    let dataOffset: Int

    /// The longest header that is read, in bytes.
    static let lengthLimit = 64 << 10

    /// How many bytes of a file are enough to read its header, if its header is read at all.
    static let prefixLength = lengthLimit + 12

    /// Reads the header at the start of `source`, which may be no more than a prefix of a file of `size` bytes.
    init(_ source: ByteSource, size fileSize: Int) throws(CheckpointError) {
        let file = source.name
        let (text, dataOffset) = try Self.text(of: source)
        self.dataOffset = dataOffset
        var parser = NumPyHeaderParser(text, file: file)
        let fields = try parser.parse()
        (scalarType, isBigEndian) = try Self.element(fields.description, file: file)
        dimensions = fields.dimensions
        isFortranOrder = fields.isFortranOrder
        let size = try Self.size(dimensions, of: scalarType, file: file)
        guard size == fileSize - dataOffset else {
            throw CheckpointError(
                .numPySize, file: file,
                "has another length than its shape \(dimensions) of \(scalarType.rawValue) needs",
                found: "\(fileSize - dataOffset) bytes", expected: "\(size)",
                next: "the file is damaged, save it again")
        }
    }

    private static func text(of source: ByteSource) throws(CheckpointError) -> (text: [UInt8], dataOffset: Int) {
        let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
        guard source.size >= 10, try source.bytes(in: 0..<6) == magic else {
            throw CheckpointError(
                .numPyMagic, file: source.name, "is not a NumPy array", found: "\(source.size) bytes",
                expected: "a file that begins with \\x93NUMPY", next: "save it with numpy.save")
        }
        let version = try source.bytes(in: 6..<8)
        guard (1...3).contains(version[0]), version[1] == 0 else {
            throw CheckpointError(
                .numPyVersion, file: source.name, "has an unknown version", found: "\(version[0]).\(version[1])",
                expected: "1.0, 2.0 or 3.0")
        }
        let start = version[0] == 1 ? 10 : 12
        guard source.size >= start else {
            throw CheckpointError(
                .numPyHeader, file: source.name, "ends within its header", found: "\(source.size) bytes",
                expected: "at least \(start)", next: "save it again")
        }
        let length = try source.bytes(in: 8..<start).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= lengthLimit, length <= source.size - start else {
            throw CheckpointError(
                .numPyHeader, file: source.name, "declares too long a header", found: "\(length) bytes",
                expected: "at most \(min(lengthLimit, source.size - start))", next: "save it again")
        }
        return (try source.bytes(in: start..<(start + length)), start + length)
    }

    /// What a type string such as `<f4` means.
    private static func element(_ text: String, file: String) throws(CheckpointError) -> (ScalarType, Bool) {
        let types: [String: ScalarType] = [
            "f2": .float16, "f4": .float32, "f8": .float64, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64,
            "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .bool,
            // What NumPy makes of JAX's bfloat16, for which it has no name (google-research/big_vision).
            "V2": .bfloat16,
        ]
        guard !text.dropFirst().hasPrefix("O"), text != "O" else {
            throw CheckpointError(
                .numPyObject, file: file, "holds Python objects, which are never read", found: "'\(text)'",
                next: "save an array of numbers")
        }
        guard let order = text.first, "<>|=".contains(order), let type = types[String(text.dropFirst())] else {
            throw CheckpointError(
                .numPyScalarType, file: file, "has elements of a type that Fovea does not read",
                found: "'\(text.abbreviated(to: 40))'", expected: "f2, f4, f8, i1…i8, u1…u8 or b1",
                next: "save it with astype('float32')")
        }
        return (type, order == ">")
    }

    private static func size(
        _ dimensions: [Int], of type: ScalarType, file: String
    ) throws(CheckpointError) -> Int {
        var size = type.byteCount
        for dimension in dimensions where dimension > 0 {
            let (product, overflows) = size.multipliedReportingOverflow(by: dimension)
            guard !overflows else {
                throw CheckpointError(
                    .numPyOverflow, file: file, "has more elements than can be counted", found: "shape \(dimensions)")
            }
            size = product
        }
        return dimensions.contains(0) ? 0 : size
    }
}
