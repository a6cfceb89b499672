package import OpenCLRuntime
package import Operations

extension OpenCLBackend {
    package func upload(_ tensor: HostTensor) throws(OpenCLError) -> DeviceTensor {
        let result = try DeviceTensor(tensor.shape, from: pool)
        try queue.write(tensor.values, to: result.buffer)
        return result
    }

    package func upload(_ pictures: PixelBatch) throws(OpenCLError) -> DeviceTensor {
        let result = try DeviceTensor(pictures.shape, .uint8, from: pool)
        try queue.write(pictures.bytes, to: result.buffer)
        return result
    }

    package func download(_ tensor: DeviceTensor) throws(OpenCLError) -> HostTensor {
        let tensor = try widened(tensor)
        precondition(tensor.element == .float32, "only numbers are downloaded")
        return HostTensor(tensor.shape, try queue.read(Float.self, count: tensor.shape.count, from: tensor.buffer))
    }

    /// Copies bytes into a tensor of a captured pass without waiting: they must stay until something waits for the queue.
    package func upload(_ bytes: UnsafeRawBufferPointer, into tensor: DeviceTensor) throws(OpenCLError) {
        precondition(
            bytes.count == tensor.byteCount, "\(bytes.count) bytes for a tensor of \(tensor.byteCount)")
        try queue.writeWithoutWaiting(from: bytes, to: tensor.buffer)
    }

    /// Copies parameters into a buffer of their own, which stays as long as its layer.
    func store(_ values: [Float]) throws(OpenCLError) -> Buffer {
        let buffer = try Buffer(queue.context, byteCount: max(values.count, 1) * 4)
        if !values.isEmpty { try queue.write(values, to: buffer) }
        return buffer
    }
}
