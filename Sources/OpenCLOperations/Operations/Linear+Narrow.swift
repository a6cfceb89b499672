import OpenCLRuntime
import Operations

extension OpenCLBackend {
    /// Folds layer scale in, narrows the weight and packs it for a form: `[panels][⌈in / group⌉][panel][group]`.
    func prepareNarrow(_ parameters: LinearParameters, _ product: NarrowProduct) throws(OpenCLError) -> OpenCLLinear {
        if let instruction = product.form.instruction { return try prepareMatrix(parameters, product, instruction) }
        let panel = product.form.tile(product.precision, tuning: profile.linear).panel
        let (weight, scale) = (parameters.weight, parameters.layerScale)
        let (outputs, inputs) = (parameters.outputWidth, parameters.inputWidth)
        var narrow = NarrowWeight(product: product)
        let packed: Buffer
        if product.precision == .int8 {
            (packed, narrow.scales, narrow.sums) = try storeQuantized(weight, scale: scale, panel: panel)
        } else if product.precision == .float16 {
            packed = try storeTransposed(weight, scale: scale, panel: panel, rows: (inputs + 1) / 2 * 2) {
                SIMD4<Float16>($0)
            }
        } else {
            packed = try storeBFloat16Pairs(weight, scale: scale, panel: panel)
        }
        return OpenCLLinear(
            inputWidth: inputs, outputWidth: outputs, weight: packed,
            bias: try store(paddedBias(parameters.bias, scale: scale, outputs: outputs, panel: panel)),
            hasLayerScale: scale != nil, narrow: narrow)
    }

    /// Narrows the rows, layer norm included, and multiplies.
    func linearNarrow(
        _ x: DeviceTensor, _ linear: OpenCLLinear, _ narrow: NarrowWeight, after norm: OpenCLLayerNorm?,
        then activation: Activation, adding residual: DeviceTensor?
    ) throws(OpenCLError) -> DeviceTensor {
        let (form, precision) = (narrow.product.form, narrow.product.precision)
        if let instruction = form.instruction {
            return try linearMatrix(
                x, linear, narrow.product, instruction, after: norm, then: activation, adding: residual)
        }
        let (rows, inputs, outputs) = (x.shape.rows, linear.inputWidth, linear.outputWidth)
        let y = try DeviceTensor(x.shape.replacingWidth(outputs), from: pool)
        precondition(residual.map { $0.shape.count == y.shape.count } ?? true, "residual must be \(y.shape)")
        let storage = narrow.product.rowStorage(inputs: inputs)
        let narrowed = try DeviceTensor([rows, storage.words], from: pool)
        try launch(
            .linear, kernel: "quantization",
            [
                "INPUTS": inputs, "NORM": norm == nil ? 0 : 1, "STORAGE": storage.macro,
                "VECTOR": max(4, profile.rows.vector),
            ].merging(norm?.defines ?? [:]) { $1 },
            [
                .buffer(x.buffer), norm.map { .buffer($0.scale) } ?? .unused, norm.map { .buffer($0.shift) } ?? .unused,
                .float(norm?.epsilon ?? 0), .buffer(narrowed.buffer),
            ], flop: 0, global: [rows], local: [1])
        let tile = form.tile(precision, tuning: profile.linear)
        let rowGroups = RowGroups(rows: rows, height: tile.rows)
        let problem = [
            "INPUTS": inputs, "OUTPUTS": outputs, "RESIDUAL": residual == nil ? 0 : 1, "ACTIVATION": activation.macro,
            "FORM": form.macro, "ROWS": tile.rows, "VECTOR": tile.vector, "VECTORS": tile.vectors,
        ]
        var arguments: [Argument] = [.buffer(narrowed.buffer), .buffer(linear.weight)]
        if let scales = narrow.scales, let sums = narrow.sums { arguments += [.buffer(scales), .buffer(sums)] }
        arguments += [
            .buffer(linear.bias), residual.map { .buffer($0.buffer) } ?? .unused, .buffer(y.buffer), .int(rows),
        ]
        try launch(
            .linear, kernel: precision == .int8 ? "linear_int8" : "linear_operand",
            precision == .int8 ? problem : problem.merging(["OPERAND": precision == .float16 ? 0 : 1]) { $1 },
            arguments, flop: 2 * rows * inputs * outputs,
            global: [rowGroups.perBlock, (outputs + tile.panel - 1) / tile.panel, rowGroups.blocks], local: [1, 1, 1])
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
        default: (precision == .float16 ? 4 : 3, (inputs + 1) / 2 * 2)
        }
    }
}
