package import Operations

extension NumPyArray {
    /// Writes float32 values in C order; the file appears whole or not at all.
    ///
    /// Throws IO_* naming the path.
    package static func write(_ tensor: HostTensor, to path: String) throws(CheckpointError) {
        let file = try AtomicFile(path)
        try file.write(header(for: tensor.shape))
        try file.write(tensor.values)
        try file.commit()
    }

    /// The bytes that stand before the values of a float32 array in C order: version 1.0, 64-byte aligned.
    ///
    /// For whoever writes the values piece by piece, once their number is known.
    package static func header(for shape: Shape) -> [UInt8] {
        let lengths = shape.dimensions.map(String.init).joined(separator: ", ")
        let tuple = shape.rank == 1 ? "(\(lengths),)" : "(\(lengths))"
        var text = "{'descr': '<f4', 'fortran_order': False, 'shape': \(tuple), }"
        // 10 bytes of magic, version and length before it, a newline at its end.
        let padding = (64 - (text.utf8.count + 11) % 64) % 64
        text += String(repeating: " ", count: padding) + "\n"
        let length = UInt16(text.utf8.count)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
    }
}
