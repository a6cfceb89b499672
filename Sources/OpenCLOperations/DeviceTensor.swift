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

        var byteCount: Int { self == .float32 ? 4 : 1 }
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
        buffer = try pool.take(byteCount: shape.count * element.byteCount)
    }

    /// Bytes of all elements.
    var byteCount: Int { shape.count * element.byteCount }

    deinit { pool.putBack(buffer) }
}
