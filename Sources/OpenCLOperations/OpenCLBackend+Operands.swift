package import OpenCLRuntime
import Operations

/// Numbers of 16 bits between products by matrix instructions: the host side of `narrowing.cl` and `widening.cl`.
///
/// Such a product reads operands and leaves operands where another may follow; what knows floats alone asks for them.
extension OpenCLBackend {
    /// The instruction that attention runs by, and its product; nil where it does not.
    var attentionProduct: (product: NarrowProduct, instruction: MatrixInstruction)? {
        guard let selection, let instruction = selection.attention else { return nil }
        return (selection.product, instruction)
    }

    /// The same values as operands, where the product's linear layers read them.
    func narrowed(_ x: DeviceTensor, to product: NarrowProduct) throws(OpenCLError) -> DeviceTensor {
        try narrowed(x, to: product, as: product.operandElement)
    }

    /// The same values as operands, in rows or swizzled.
    func narrowed(
        _ x: DeviceTensor, to product: NarrowProduct, as element: DeviceTensor.Element
    ) throws(OpenCLError) -> DeviceTensor {
        if x.element == element { return x }
        let x = try widened(x, from: product)
        let y = try DeviceTensor(x.shape, element, from: pool)
        try launch(
            .linear, kernel: "narrowing",
            product.operandDefines.merging(["WIDTH": x.shape.width, "SWIZZLED": element == .swizzled ? 1 : 0]) { $1 },
            [.buffer(x.buffer), .buffer(y.buffer)], flop: 0,
            global: [x.shape.rows * product.operandStride(x.shape.width, as: element) / 2], local: nil)
        return y
    }

    /// The same values as floats.
    package func widened(_ x: DeviceTensor) throws(OpenCLError) -> DeviceTensor {
        guard let narrowProduct else { return x }
        return try widened(x, from: narrowProduct)
    }

    /// The same values as floats, of operands of a product.
    func widened(_ x: DeviceTensor, from product: NarrowProduct) throws(OpenCLError) -> DeviceTensor {
        guard x.element == .operand || x.element == .swizzled else { return x }
        let y = try DeviceTensor(x.shape, from: pool)
        try launch(
            .linear, kernel: "widening",
            ["WIDTH": x.shape.width, "OPERAND": product.operandMacro, "SWIZZLED": x.element == .swizzled ? 1 : 0],
            [.buffer(x.buffer), .buffer(y.buffer)], flop: 0, global: [x.shape.count], local: nil)
        return y
    }
}

extension NarrowProduct {
    /// The value of the macro OPERAND.
    var operandMacro: Int { precision == .float16 ? 0 : 1 }

    /// The macros that say what an operand is and what rounds to it, for kernels without a matrix instruction.
    var operandDefines: [String: Int] {
        let converts = !isEmulated && (form == .mma16 || form == .wgmma)
        return ["OPERAND": operandMacro, "OPERAND_CONVERSION": converts ? 1 : 0]
    }

    /// What linear layers read, and so what is left for them.
    var operandElement: DeviceTensor.Element { form == .wgmma ? .swizzled : .operand }

    /// Operands of a row as an element.
    func operandStride(_ width: Int, as element: DeviceTensor.Element) -> Int {
        element == .swizzled ? (width + 63) / 64 * 64 : operandStride(width)
    }

    /// Operands of a row, padded to what the kernels read at once.
    func operandStride(_ width: Int) -> Int { (width + 31) / 32 * 32 }
}
