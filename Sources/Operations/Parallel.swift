import Dispatch

/// Runs `body` for each index below `count`, spread over the cores; each index must write only what is its own.
package func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if count == 1 { return body(0) }
    DispatchQueue.concurrentPerform(iterations: count, execute: body)
}

/// Copies bytes to a place of the same size, on several cores where they are many: one alone moves fewer bytes a second
/// than the bus of a device.
package func copyInParallel(_ source: UnsafeRawBufferPointer, to destination: UnsafeMutableRawBufferPointer) {
    precondition(source.count == destination.count, "\(source.count) bytes for a place of \(destination.count)")
    guard source.count > 0 else { return }
    // Half a megabyte takes one core longer than another core takes to wake.
    let piece = 1 << 19
    // Nobody writes to the source, and each piece of the destination is written by one core.
    nonisolated(unsafe) let (source, destination) = (source, destination)
    parallel((source.count + piece - 1) / piece) { index in
        let range = index * piece..<min((index + 1) * piece, source.count)
        UnsafeMutableRawBufferPointer(rebasing: destination[range]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: source[range]))
    }
}

/// Memory that several cores write at once, each to places that no other touches.
///
/// `@unchecked Sendable`: the caller of `parallel` divides the elements among the indices, so no two cores meet.
package struct Shared<Element>: @unchecked Sendable {
    /// The first element.
    package let base: UnsafeMutablePointer<Element>

    /// Shares a buffer that is not empty.
    package init(_ buffer: UnsafeMutableBufferPointer<Element>) {
        guard let base = buffer.baseAddress else { preconditionFailure("shared memory must not be empty") }
        self.base = base
    }
}

extension HostTensor {
    /// Makes a tensor whose values are written in parallel; every element must be.
    init(_ shape: Shape, filledBy fill: (Shared<Float>) -> Void) {
        self.init(
            shape,
            [Float](unsafeUninitializedCapacity: shape.count) { buffer, count in
                if shape.count > 0 { fill(Shared(buffer)) }
                count = shape.count
            })
    }
}
