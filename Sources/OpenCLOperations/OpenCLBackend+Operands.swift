package import OpenCLRuntime
import Operations

/// Numbers of 16 bits between products by matrix instructions: the host side of `narrowing.cl` and `widening.cl`.
///
/// Such a product reads operands and leaves operands where another may follow; what knows floats alone asks for them.
extension OpenCLBackend {
    /// The instruction that attention runs by, and its product; nil where it does not.
    var attentionProduct: (product: NarrowProduct, instruction: MatrixInstruction)? {
        guard let selection, selection.multipliesAttention, let instruction = selection.product.form.instruction else {
            return nil
        }
        return (selection.product, instruction.ofAttention)
    }

    /// The same values as operands.
    func narrowed(_ x: DeviceTensor, to product: NarrowProduct) throws(OpenCLError) -> DeviceTensor {
        if x.element == .operand { return x }
        let y = try DeviceTensor(x.shape, .operand, from: pool)
        try launch(
            .linear, kernel: "narrowing", ["WIDTH": x.shape.width, "OPERAND": product.operandMacro],
            [.buffer(x.buffer), .buffer(y.buffer)], flop: 0,
            global: [product.operandStride(x.shape.width) / 2, x.shape.rows], local: nil)
        return y
    }

    /// The same values as floats.
    package func widened(_ x: DeviceTensor) throws(OpenCLError) -> DeviceTensor {
        guard let narrowProduct else { return x }
        return try widened(x, from: narrowProduct)
    }

    /// The same values as floats, of operands of a product.
    func widened(_ x: DeviceTensor, from product: NarrowProduct) throws(OpenCLError) -> DeviceTensor {
        guard x.element == .operand else { return x }
        let y = try DeviceTensor(x.shape, from: pool)
        try launch(
            .linear, kernel: "widening", ["WIDTH": x.shape.width, "OPERAND": product.operandMacro],
            [.buffer(x.buffer), .buffer(y.buffer)], flop: 0, global: [x.shape.width, x.shape.rows], local: nil)
        return y
    }
}

extension NarrowProduct {
    /// The value of the macro OPERAND.
    var operandMacro: Int { precision == .float16 ? 0 : 1 }

    /// How operands lie that the product's linear layers multiply.
    var operandElement: DeviceTensor.Element { form == .wgmma ? .swizzled : .operand }

    /// Operands of a row, padded to what the kernels read at once.
    func operandStride(_ width: Int) -> Int { (width + 31) / 32 * 32 }
}
