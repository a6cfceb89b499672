import OpenCLRuntime
import Operations

extension OpenCLBackend {
    /// Stores panels of so many elements each, zero where `fill` writes nothing: on all cores, and a few at a time, so that
    /// no second copy of a weight is made.
    func storePanels<Element: BitwiseCopyable & Sendable & ExpressibleByIntegerLiteral>(
        _ panels: Int, of size: Int, fill: @Sendable (_ panel: Int, _ elements: UnsafeMutablePointer<Element>) -> Void
    ) throws(OpenCLError) -> Buffer {
        let byteCount = size * MemoryLayout<Element>.stride
        let buffer = try Buffer(queue.context, byteCount: panels * byteCount)
        let panelsPerChunk = max(1, (4 << 20) / byteCount)
        for first in stride(from: 0, to: panels, by: panelsPerChunk) {
            let count = min(panelsPerChunk, panels - first)
            var chunk = [Element](repeating: 0, count: count * size)
            chunk.withUnsafeMutableBufferPointer { elements in
                let shared = Shared(elements)
                parallel(count) { fill(first + $0, shared.base + $0 * size) }
            }
            try queue.write(chunk, to: buffer, offset: first * byteCount)
        }
        return buffer
    }

    /// Wᵀ in panels of columns, layer scale folded in: `[panels][rows][panel]`, of `[out, in]`.
    ///
    /// - Parameters:
    ///   - rows: At least the inputs; nil for as many.
    ///   - element: What a weight is stored as.
    func storeTransposed<Element: BitwiseCopyable & Sendable & ExpressibleByIntegerLiteral>(
        _ weight: HostTensor, scale: [Float]?, panel: Int, rows: Int? = nil,
        as element: @Sendable (Float) -> Element
    ) throws(OpenCLError) -> Buffer {
        let (outputs, inputs, values) = (weight.shape[0], weight.shape[1], weight.values)
        let panels = (outputs + panel - 1) / panel
        return try storePanels(panels, of: (rows ?? inputs) * panel) { index, target in
            let first = index * panel
            let width = min(panel, outputs - first)
            values.withUnsafeBufferPointer { source in
                // Along the panel: as many streams are read as it has columns, and one is written.
                for k in 0..<inputs {
                    for column in 0..<width {
                        let value = source[(first + column) * inputs + k] * (scale?[first + column] ?? 1)
                        target[k * panel + column] = element(value)
                    }
                }
            }
        }
    }

    /// The bias with layer scale folded in, and zeros to whole panels.
    func paddedBias(_ bias: [Float]?, scale: [Float]?, outputs: Int, panel: Int) -> [Float] {
        (0..<(outputs + panel - 1) / panel * panel).map { output in
            output < outputs ? (bias?[output] ?? 0) * (scale?[output] ?? 1) : 0
        }
    }
}
