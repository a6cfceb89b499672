/// Float32 values in host memory, contiguous and row-major.
public struct HostTensor: Sendable, Equatable {
    /// Lengths of the axes.
    public let shape: Shape
    /// `shape.count` values, innermost axis fastest.
    public var values: [Float]

    /// Wraps values that already lie in row-major order.
    public init(_ shape: Shape, _ values: [Float]) {
        precondition(values.count == shape.count, "\(values.count) values for shape \(shape)")
        self.shape = shape
        self.values = values
    }

    /// Makes a tensor whose values are all the same.
    public init(_ shape: Shape, repeating value: Float = 0) {
        self.init(shape, [Float](repeating: value, count: shape.count))
    }

    /// The same values under another shape of the same count.
    public func reshaped(_ shape: Shape) -> HostTensor { HostTensor(shape, values) }
}

/// Decoded pictures of one size, as bytes: `[B, height, width, 3]`, red first.
public struct PixelBatch: Sendable, Equatable {
    /// Number of pictures, B.
    public let count: Int
    /// Rows of each picture.
    public let height: Int
    /// Columns of each picture.
    public let width: Int
    /// `count · height · width · 3` bytes.
    public let bytes: [UInt8]

    /// Wraps bytes that already lie in `[B, height, width, 3]` order.
    public init(count: Int, height: Int, width: Int, bytes: [UInt8]) {
        precondition(
            bytes.count == count * height * width * 3, "\(bytes.count) bytes for \(count)×\(height)×\(width)×3")
        self.count = count
        self.height = height
        self.width = width
        self.bytes = bytes
    }

    /// The shape of the bytes, `[B, height, width, 3]`.
    public var shape: Shape { [count, height, width, 3] }
}

/// Per-channel mean and standard deviation, in units of a picture scaled to 0…1.
public struct Normalization: Sendable, Hashable {
    /// Mean of red, green and blue.
    public let mean: SIMD3<Float>
    /// Standard deviation of red, green and blue; positive.
    public let deviation: SIMD3<Float>

    /// Makes a normalization `(value / 255 − mean) / deviation`.
    public init(mean: SIMD3<Float>, deviation: SIMD3<Float>) {
        self.mean = mean
        self.deviation = deviation
    }

    /// What a byte is multiplied by, per channel: `1 / (255 · deviation)`.
    public var scale: SIMD3<Float> { SIMD3(1 / (255 * SIMD3<Double>(deviation))) }

    /// What is added to it then, per channel: `−mean / deviation`.
    public var shift: SIMD3<Float> { SIMD3(-SIMD3<Double>(mean) / SIMD3<Double>(deviation)) }
}

/// What a model looks at: values already normalized, or the bytes of pictures and how to normalize them.
public enum Pixels<Tensor> {
    /// Float values `[B, 3, height, width]`.
    case normalized(Tensor)
    /// Bytes `[B, height, width, 3]`, normalized as they are gathered.
    case rgb(Tensor, Normalization)
}

extension Pixels: Sendable where Tensor: Sendable {}
