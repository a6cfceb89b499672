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
    /// Folds layer scale in, narrows the weight and packs it for a form.
    func prepareNarrow(_ parameters: LinearParameters, _ product: NarrowProduct) throws(OpenCLError) -> OpenCLLinear {
        let tile = product.form.tile(product.precision, tuning: profile.linear)
        let (outputs, inputs) = (parameters.outputWidth, parameters.inputWidth)
        let padded = (outputs + tile.panel - 1) / tile.panel * tile.panel
        let scale = parameters.layerScale
        let bias = (0..<padded).map { $0 < outputs ? (parameters.bias?[$0] ?? 0) * (scale?[$0] ?? 1) : 0 }
        var narrow = NarrowWeight(product: product)
        let weight: Buffer
        if product.precision == .int8 {
            var scales = [Float](repeating: 0, count: padded)
            var sums = [Int32](repeating: 0, count: padded)
            weight = try storeNarrow(parameters.weight, 4, panel: tile.panel) { output, row, write in
                let quantized = QuantizedRow(row, layerScale: scale?[output] ?? 1)
                (scales[output], sums[output]) = (quantized.scale, quantized.sum)
                for k in 0..<inputs { write(k, quantized.values[k]) }
            }
            narrow.scales = try store(scales)
            narrow.sums = try Buffer(queue.context, byteCount: padded * 4)
            if let buffer = narrow.sums { try queue.write(sums, to: buffer) }
        } else {
            weight = try storeNarrow(parameters.weight, 2, panel: tile.panel) { output, row, write in
                let factor = scale?[output] ?? 1
                for k in 0..<inputs { write(k, (row[k] * factor).bfloat16Bits) }
            }
        }
        return OpenCLLinear(
            inputWidth: inputs, outputWidth: outputs, weight: weight, bias: try store(bias),
            hasLayerScale: scale != nil, narrow: narrow)
    }

    /// Weights `[panels][⌈in / group⌉][panel][group]`, zero-padded, written a few panels at a time.
    private func storeNarrow<Element: FixedWidthInteger & BitwiseCopyable>(
        _ weight: HostTensor, _ group: Int, panel: Int,
        _ narrow: (Int, UnsafeBufferPointer<Float>, (Int, Element) -> Void) -> Void
    ) throws(OpenCLError) -> Buffer {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let panels = (outputs + panel - 1) / panel
        let panelSize = (inputs + group - 1) / group * group * panel
        let buffer = try Buffer(queue.context, byteCount: panels * panelSize * MemoryLayout<Element>.size)
        let panelsPerChunk = max(1, (1 << 20) / panelSize)
        for first in stride(from: 0, to: panels, by: panelsPerChunk) {
            let count = min(panelsPerChunk, panels - first)
            var chunk = [Element](repeating: 0, count: count * panelSize)
            weight.values.withUnsafeBufferPointer { source in
                chunk.withUnsafeMutableBufferPointer { target in
                    for output in first * panel..<min((first + count) * panel, outputs) {
                        let column = (output / panel - first) * panelSize + output % panel * group
                        let row = UnsafeBufferPointer(rebasing: source[output * inputs..<(output + 1) * inputs])
                        narrow(output, row) { k, value in target[column + k / group * panel * group + k % group] = value
                        }
                    }
                }
            }
            try queue.write(chunk, to: buffer, offset: first * panelSize * MemoryLayout<Element>.size)
        }
        return buffer
    }

    /// Narrows the rows, layer norm included, and multiplies.
    func linearNarrow(
        _ x: DeviceTensor, _ linear: OpenCLLinear, _ narrow: NarrowWeight, after norm: OpenCLLayerNorm?,
        then activation: Activation, adding residual: DeviceTensor?
    ) throws(OpenCLError) -> DeviceTensor {
        let (form, precision) = (narrow.product.form, narrow.product.precision)
        let (rows, inputs, outputs) = (x.shape.rows, linear.inputWidth, linear.outputWidth)
        let y = try DeviceTensor(x.shape.replacingWidth(outputs), from: pool)
        precondition(residual.map { $0.shape == y.shape } ?? true, "residual must be \(y.shape)")
        let storage = narrow.product.rowStorage(inputs: inputs)
        let narrowed = try DeviceTensor([rows, storage.words], from: pool)
        try launch(
            .linear, kernel: "quantization",
            [
                "INPUTS": inputs, "NORM": norm == nil ? 0 : 1, "STORAGE": storage.macro,
                "VECTOR": max(4, profile.rows.vector),
            ],
            [
                .buffer(x.buffer), norm.map { .buffer($0.scale) } ?? .unused, norm.map { .buffer($0.shift) } ?? .unused,
                .float(norm?.epsilon ?? 0), .buffer(narrowed.buffer),
            ], flop: 0, global: [rows], local: [1])
        let tile = form.tile(precision, tuning: profile.linear)
        var arguments: [Argument] = [.buffer(narrowed.buffer), .buffer(linear.weight)]
        if let scales = narrow.scales, let sums = narrow.sums { arguments += [.buffer(scales), .buffer(sums)] }
        arguments += [
            .buffer(linear.bias), residual.map { .buffer($0.buffer) } ?? .unused, .buffer(y.buffer), .int(rows),
        ]
        try launch(
            .linear, kernel: "linear_\(precision.rawValue)",
            [
                "INPUTS": inputs, "OUTPUTS": outputs, "RESIDUAL": residual == nil ? 0 : 1,
                "ACTIVATION": activation.macro, "FORM": form.macro, "ROWS": tile.rows, "VECTOR": tile.vector,
                "VECTORS": tile.vectors,
            ], arguments, flop: 2 * rows * inputs * outputs,
            global: [(rows + tile.rows - 1) / tile.rows, (outputs + tile.panel - 1) / tile.panel], local: [1, 1])
        return y
    }
}

extension NarrowProduct {
    /// What `quantization.cl` makes of a row, and its words.
    fileprivate func rowStorage(inputs: Int) -> (macro: Int, words: Int) {
        switch (precision, form) {
        case (.int8, .avx2): (1, 4 + 2 * ((inputs + 3) / 4))
        case (.int8, _): (0, 4 + (inputs + 3) / 4)
        case (_, .avx512BF16): (2, (inputs + 1) / 2)
        default: (3, (inputs + 1) / 2 * 2)
        }
    }
}

/// An output's weights as −127…127 and the scale that they share.
private struct QuantizedRow {
    let values: [Int8]
    let scale: Float
    let sum: Int32

    /// Weights that are not all finite become zeros under a scale of NaN: the output shows it.
    init(_ row: UnsafeBufferPointer<Float>, layerScale: Float) {
        var (largest, isFinite) = (Float(0), true)
        for value in row {
            largest = max(largest, abs(value))
            if !value.isFinite { isFinite = false }
        }
        guard isFinite, layerScale.isFinite, largest > 1e-30 else {
            values = [Int8](repeating: 0, count: row.count)
            (scale, sum) = (isFinite && layerScale.isFinite ? 0 : .nan, 0)
            return
        }
        let factor = 127 / largest
        values = row.map { Int8(($0 * factor).rounded(.toNearestOrEven)) }
        scale = largest / 127 * layerScale
        sum = values.reduce(0) { $0 + Int32($1) }
    }
}

extension Float {
    /// The upper half of the bits, rounded to nearest, ties to even; NaN stays NaN.
    fileprivate var bfloat16Bits: UInt16 {
        let bits = bitPattern
        if isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }
}
