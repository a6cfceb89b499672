import OpenCLRuntime
package import Operations

/// A tensor in device memory.
///
/// When the last reference goes, its memory serves the next tensor of that size.
package final class DeviceTensor {
    /// What an element is.
    enum Element {
        case float32
        case uint8
        /// 16 bits of the backend's precision, for matrix instructions; rows are padded with zeros to multiples of 32.
        case operand
        /// Operands as `swizzle.cl` has them, for linear layers of a warp group.
        case swizzled
    }

    /// Lengths of the axes.
    package let shape: Shape
    let element: Element
    let buffer: Buffer
    private let pool: BufferPool

    init(_ shape: Shape, _ element: Element = .float32, from pool: BufferPool) throws(OpenCLError) {
        self.shape = shape
        self.element = element
        self.pool = pool
        buffer = try pool.take(byteCount: Self.byteCount(shape, element))
    }

    /// Bytes of all elements, padding included.
    var byteCount: Int { Self.byteCount(shape, element) }

    private static func byteCount(_ shape: Shape, _ element: Element) -> Int {
        switch element {
        case .float32: 4 * shape.count
        case .uint8: shape.count
        case .operand: shape.count == 0 ? 0 : shape.count / shape.width * ((shape.width + 31) / 32 * 64)
        case .swizzled: (shape.rows + 127) / 128 * 128 * ((shape.width + 63) / 64 * 128)
        }
    }

    deinit { pool.putBack(buffer) }
}
