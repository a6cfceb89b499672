import OpenCLRuntime
import Operations

/// What a product in less than float32 needs beside the packed weight and the bias.
struct NarrowWeight {
    let product: NarrowProduct
    /// Scale of each output; int8 alone.
    var scales: Buffer?
    /// Sum of each output's weights; int8 alone.
    var sums: Buffer?
}

extension OpenCLBackend {
    /// Weights `[out, in]` in int8, each output under its own scale, in which layer scale is, for `linear_int8.cl`.
    ///
    /// - Returns: −127…127, four inputs of a column side by side, `[panels][⌈in / 4⌉][panel][4]`; scale and sum of each output,
    ///   zero in the padding.
    func storeQuantized(
        _ weight: HostTensor, scale: [Float]?, panel: Int
    ) throws(OpenCLError) -> (packed: Buffer, scales: Buffer, sums: Buffer) {
        let (outputs, inputs, values) = (weight.shape[0], weight.shape[1], weight.values)
        let panels = (outputs + panel - 1) / panel
        let rows = [QuantizedRow](unsafeUninitializedCapacity: outputs) { rows, count in
            let shared = Shared(rows)
            parallel(outputs) { output in
                values.withUnsafeBufferPointer { source in
                    let matrix = RowMajorMatrix(elements: source, rows: outputs, columns: inputs)
                    (shared.base + output).initialize(
                        to: QuantizedRow(output, of: matrix, layerScale: scale?[output] ?? 1))
                }
            }
            count = outputs
        }
        let packed = try storePanels(panels, of: (inputs + 3) / 4 * 4 * panel, isPadded: outputs % panel != 0) {
            (index, target: UnsafeMutablePointer<Int8>) in
            values.withUnsafeBufferPointer { source in
                let matrix = RowMajorMatrix(elements: source, rows: outputs, columns: inputs)
                for column in 0..<min(panel, outputs - index * panel) {
                    let output = index * panel + column
                    for k in stride(from: 0, to: inputs, by: 4) {
                        let quantized = rows[output].quantize(matrix.four(output, k))
                        UnsafeMutableRawPointer(target + k * panel + column * 4).storeBytes(
                            of: SIMD4<Int8>(truncatingIfNeeded: quantized), as: SIMD4<Int8>.self)
                    }
                }
            }
        }
        let padding = panels * panel - outputs
        let scales = try store(rows.map(\.scale) + [Float](repeating: 0, count: padding))
        let sums = try Buffer(queue.context, byteCount: panels * panel * 4)
        try queue.write(rows.map(\.sum) + [Int32](repeating: 0, count: padding), to: sums)
        return (packed, scales, sums)
    }

    /// Weights `[out, in]` in bfloat16, layer scale folded in, two inputs of a column side by side, for `linear_operand.cl`:
    /// `[panels][⌈in / 2⌉][panel][2]`.
    func storeBFloat16Pairs(_ weight: HostTensor, scale: [Float]?, panel: Int) throws(OpenCLError) -> Buffer {
        let (outputs, inputs, values) = (weight.shape[0], weight.shape[1], weight.values)
        let panels = (outputs + panel - 1) / panel
        let pairs = (inputs + 1) / 2
        return try storePanels(panels, of: pairs * panel, isPadded: outputs % panel != 0) {
            (index, target: UnsafeMutablePointer<UInt32>) in
            values.withUnsafeBufferPointer { source in
                for column in 0..<min(panel, outputs - index * panel) {
                    let output = index * panel + column
                    let row = UnsafeBufferPointer(rebasing: source[output * inputs..<(output + 1) * inputs])
                    Precision.bfloat16.forOperands(of: row, times: scale?[output] ?? 1) { chunk, bits in
                        let words = unsafeBitCast(bits, to: SIMD4<UInt32>.self)
                        for pair in chunk * 4..<min(chunk * 4 + 4, pairs) {
                            target[pair * panel + column] = words[pair - chunk * 4]
                        }
                    }
                }
            }
        }
    }
}

/// How an output's weights become −127…127, under the scale that they share.
private struct QuantizedRow {
    let scale: Float
    let sum: Int32
    private let factor: Float

    /// Weights that are not all finite become zeros under a scale of NaN: the output shows it.
    init(_ row: Int, of matrix: RowMajorMatrix, layerScale: Float) {
        // The bits of magnitudes are in the order of the magnitudes, infinity and NaN above all others.
        var magnitudes = SIMD4<Int32>.zero
        for k in stride(from: 0, to: matrix.columns, by: 4) {
            let bits = unsafeBitCast(matrix.four(row, k), to: SIMD4<Int32>.self) & 0x7FFF_FFFF
            magnitudes.replace(with: bits, where: bits .> magnitudes)
        }
        let largest = Float(bitPattern: UInt32(magnitudes.max()))
        guard layerScale.isFinite, largest.isFinite, largest > 1e-30 else {
            (scale, sum, factor) = (layerScale.isFinite && largest.isFinite ? 0 : .nan, 0, 0)
            return
        }
        scale = largest / 127 * layerScale
        factor = 127 / largest
        var sums = SIMD4<Int32>.zero
        for k in stride(from: 0, to: matrix.columns, by: 4) { sums &+= Self.quantize(matrix.four(row, k), factor) }
        sum = sums.wrappedSum()
    }

    func quantize(_ values: SIMD4<Float>) -> SIMD4<Int32> { factor == 0 ? .zero : Self.quantize(values, factor) }

    /// The nearest integers, ties to even: adding 1.5·2²³ leaves them in the low bits of the sum.
    private static func quantize(_ values: SIMD4<Float>, _ factor: Float) -> SIMD4<Int32> {
        unsafeBitCast(values * factor + 12_582_912, to: SIMD4<Int32>.self) &- 0x4B40_0000
    }
}
