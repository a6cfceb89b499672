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
            let chunk = [Element](unsafeUninitializedCapacity: count * size) { elements, initializedCount in
                let shared = Shared(elements)
                parallel(count) { index in
                    let panel = shared.base + index * size
                    panel.initialize(repeating: 0, count: size)
                    fill(first + index, panel)
                }
                initializedCount = count * size
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
                // Sixteen inputs of a column at a time, a cache line: rows of 3072 floats share their cache sets, so that
                // reading along the panel would fetch each line sixteen times.
                for start in stride(from: 0, to: inputs, by: 16) {
                    for column in 0..<width {
                        let factor = scale?[first + column] ?? 1
                        for k in start..<min(start + 16, inputs) {
                            target[k * panel + column] = element(source[(first + column) * inputs + k] * factor)
                        }
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
