package import Operations

/// An array in NumPy's `.npy` format, versions 1 to 3.
///
/// The header is read by a parser of its own and never evaluated; object and structured arrays are refused, since their
/// content would be a Python pickle. Big-endian and Fortran-ordered arrays are converted. Format: NumPy's
/// `numpy.lib.format`, NEP 1.
package struct NumPyArray: Sendable {
    /// What messages call the file.
    package var file: String { source.name }
    /// How elements are encoded.
    package let scalarType: ScalarType
    /// Lengths of the axes as Python sees them.
    package let shape: Shape
    private let source: ByteSource
    private let dataOffset: Int
    private let isBigEndian: Bool
    private let isFortranOrder: Bool

    /// Opens a file and reads its header.
    ///
    /// Throws NPY_* for a bad file, IO_* where it cannot be read.
    package init(contentsOf path: String) throws(CheckpointError) {
        try self.init(.file(try InputFile(path)))
    }

    /// Reads an array in memory; `name` is what messages call it.
    package init(bytes: [UInt8], name: String) throws(CheckpointError) {
        try self.init(.bytes(bytes, name: name))
    }

    /// Reads the header of an array from any source.
    package init(_ source: ByteSource) throws(CheckpointError) {
        let header = try NumPyHeader(source, size: source.size)
        self.source = source
        dataOffset = header.dataOffset
        scalarType = header.scalarType
        shape = Shape(header.dimensions)
        isBigEndian = header.isBigEndian
        isFortranOrder = header.isFortranOrder
    }

    /// The values as Float, row-major.
    ///
    /// 64-bit floats and wide integers are rounded to nearest; NaN and infinity pass. Throws IO_*.
    package func tensor() throws(CheckpointError) -> HostTensor {
        let (values, _) = try source.floats(scalarType, count: shape.count, at: dataOffset, isBigEndian: isBigEndian)
        try source.checkUnchanged()
        return HostTensor(shape, isFortranOrder ? shape.rowMajor(values) : values)
    }

    /// The values of an array of unsigned bytes or truth values, row-major; throws NPY_DTYPE for any other.
    package func bytes() throws(CheckpointError) -> [UInt8] {
        guard scalarType == .uint8 || scalarType == .bool else {
            throw CheckpointError(
                .numPyScalarType, file: file, "does not hold bytes", found: scalarType.rawValue, expected: "U8 (|u1)",
                next: "save it with astype('uint8')")
        }
        let bytes = try source.bytes(in: dataOffset..<(dataOffset + shape.count))
        try source.checkUnchanged()
        return isFortranOrder ? shape.rowMajor(bytes) : bytes
    }
}

extension Shape {
    /// Reorders values whose first axis runs fastest so that the last one does.
    func rowMajor<Value>(_ values: [Value]) -> [Value] {
        var strides = [1]
        for length in dimensions.dropLast() { strides.append((strides.last ?? 1) * length) }
        return rowMajor(values, strides: strides)
    }

    /// Gathers the values of a view row-major: those that lie `strides` apart along each axis.
    ///
    /// The caller has checked that the view stays within the values.
    func rowMajor<Value>(_ values: [Value], strides: [Int]) -> [Value] {
        guard count > 0 else { return [] }
        var index = [Int](repeating: 0, count: rank)
        var position = 0
        return (0..<count).map { _ in
            defer {
                for axis in index.indices.reversed() {
                    index[axis] += 1
                    position += strides[axis]
                    if index[axis] < self[axis] { break }
                    position -= strides[axis] * self[axis]
                    index[axis] = 0
                }
            }
            return values[position]
        }
    }
}
