import OpenCLRuntime
package import Operations

/// How a device multiplies factors narrower than float32.
package struct NarrowSelection: Sendable, Hashable {
    /// The product that it gets.
    package let product: NarrowProduct

    /// Takes a product as it is.
    package init(_ product: NarrowProduct) { self.product = product }

    /// What `auto` comes to: the first of bfloat16 and float16 that a matrix instruction multiplies; nil for float32.
    ///
    /// - Parameter select: How a product in a precision would run.
    package static func automatic<Failure: Error>(
        _ select: (Precision) throws(Failure) -> NarrowSelection
    ) throws(Failure) -> NarrowSelection? {
        for precision in [Precision.bfloat16, .float16] {
            let selection = try select(precision)
            if selection.product.form.instruction != nil { return selection }
        }
        return nil
    }
}

extension OpenCLBackend {
    /// What `auto` comes to on the device; nil for float32. Devices without matrix instructions are not put to a probe.
    func automaticSelection() throws(OpenCLError) -> NarrowSelection? {
        try NarrowSelection.automatic { precision throws(OpenCLError) in
            let forms = NarrowForm.candidates(for: precision, on: profile.device)
            return try select(among: forms.filter { $0.instruction != nil }, for: precision)
        }
    }
}
