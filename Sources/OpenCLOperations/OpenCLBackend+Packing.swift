import OpenCLRuntime
import Operations

extension OpenCLBackend {
    /// Stores panels of so many elements each, on all cores, and without a second copy of a weight: in the buffer itself
    /// on a CPU device, whose memory is the host's, and elsewhere a few panels at a time.
    ///
    /// - Parameters:
    ///   - isPadded: Whether `fill` leaves elements that must be zero.
    ///   - fill: Writes a panel's elements.
    func storePanels<Element: BitwiseCopyable & Sendable & ExpressibleByIntegerLiteral>(
        _ panels: Int, of size: Int, isPadded: Bool = true,
        fill: @Sendable (_ panel: Int, _ elements: UnsafeMutablePointer<Element>) -> Void
    ) throws(OpenCLError) -> Buffer {
        let byteCount = size * MemoryLayout<Element>.stride
        let buffer = try Buffer(queue.context, byteCount: panels * byteCount)
        func fillPanels(_ range: Range<Int>, in elements: UnsafeMutableBufferPointer<Element>) {
            let shared = Shared(elements)
            parallel(range.count) { index in
                let panel = shared.base + index * size
                if isPadded { panel.initialize(repeating: 0, count: size) }
                fill(range.lowerBound + index, panel)
            }
        }
        if packsInPlace {
            try queue.overwrite(buffer) { fillPanels(0..<panels, in: $0.bindMemory(to: Element.self)) }
            return buffer
        }
        let panelsPerChunk = max(1, (4 << 20) / byteCount)
        for first in stride(from: 0, to: panels, by: panelsPerChunk) {
            let count = min(panelsPerChunk, panels - first)
            let chunk = [Element](unsafeUninitializedCapacity: count * size) { elements, initializedCount in
                fillPanels(first..<first + count, in: elements)
                initializedCount = count * size
            }
            try queue.write(chunk, to: buffer, offset: first * byteCount)
        }
        return buffer
    }

    /// Wᵀ in panels of columns, layer scale folded in: `[panels][rows][panel]`, of `[out, in]`.
    ///
    /// - Parameters:
    ///   - panel: A multiple of 4.
    ///   - rows: At least the inputs; nil for as many.
    ///   - elements: What weights are stored as.
    func storeTransposed<Element: BitwiseCopyable & Sendable & ExpressibleByIntegerLiteral & SIMDScalar>(
        _ weight: HostTensor, scale: [Float]?, panel: Int, rows: Int? = nil,
        as elements: @Sendable (SIMD4<Float>) -> SIMD4<Element>
    ) throws(OpenCLError) -> Buffer {
        precondition(panel % 4 == 0, "panels of \(panel) columns")
        let (outputs, inputs, values) = (weight.shape[0], weight.shape[1], weight.values)
        let panels = (outputs + panel - 1) / panel
        let isPadded = outputs % panel != 0 || (rows ?? inputs) > inputs
        return try storePanels(panels, of: (rows ?? inputs) * panel, isPadded: isPadded) {
            (index, target: UnsafeMutablePointer<Element>) in
            values.withUnsafeBufferPointer { source in
                let matrix = RowMajorMatrix(elements: source, rows: outputs, columns: inputs)
                // Sixteen inputs of four columns at a time, cache lines: rows of 3072 floats share their cache sets, so
                // that reading along the panel would fetch each line sixteen times.
                for start in stride(from: 0, to: inputs, by: 16) {
                    for output in stride(from: index * panel, to: min((index + 1) * panel, outputs), by: 4) {
                        let scales = factors(of: scale, from: output)
                        for k in stride(from: start, to: min(start + 16, inputs), by: 4) {
                            let square = matrix.transposedSquare(output, k)
                            let place = target + (k * panel + output - index * panel)
                            func store(_ column: SIMD4<Float>, row: Int) {
                                guard k + row < inputs else { return }
                                UnsafeMutableRawPointer(place + row * panel).storeBytes(
                                    of: elements(column * scales), as: SIMD4<Element>.self)
                            }
                            store(square.0, row: 0)
                            store(square.1, row: 1)
                            store(square.2, row: 2)
                            store(square.3, row: 3)
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

/// Layer scale of four outputs; 1 without any and past the end.
private func factors(of scale: [Float]?, from output: Int) -> SIMD4<Float> {
    var result = SIMD4<Float>(repeating: 1)
    guard let scale else { return result }
    for index in 0..<min(4, scale.count - output) { result[index] = scale[output + index] }
    return result
}

/// A matrix that is read four elements of a row at a time, zero past its end.
struct RowMajorMatrix {
    let elements: UnsafeBufferPointer<Float>
    let rows: Int
    let columns: Int

    /// Four elements of a row; those past its end are zero, and all of a row past the last.
    func four(_ row: Int, _ column: Int) -> SIMD4<Float> {
        guard row < rows, let base = elements.baseAddress else { return .zero }
        let start = base + (row * columns + column)
        if column + 4 <= columns { return UnsafeRawPointer(start).loadUnaligned(as: SIMD4<Float>.self) }
        var result = SIMD4<Float>.zero
        for index in 0..<columns - column { result[index] = start[index] }
        return result
    }

    /// Rows `row` … `row + 3` of columns `column` … `column + 3`, each column a vector.
    func transposedSquare(_ row: Int, _ column: Int) -> (SIMD4<Float>, SIMD4<Float>, SIMD4<Float>, SIMD4<Float>) {
        let (a, b, c, d) = (four(row, column), four(row + 1, column), four(row + 2, column), four(row + 3, column))
        return (
            SIMD4(a.x, b.x, c.x, d.x), SIMD4(a.y, b.y, c.y, d.y), SIMD4(a.z, b.z, c.z, d.z), SIMD4(a.w, b.w, c.w, d.w)
        )
    }
}
