package import Operations

/// How a device multiplies factors narrower than float32, and why not otherwise.
package struct NarrowSelection: Sendable, Hashable {
    /// A way to multiply that was tried and is not used.
    package struct Refusal: Sendable, Hashable, CustomStringConvertible {
        /// What keeps a way from being used.
        package enum Cause: String, Sendable {
            /// The driver does not compile it.
            case notCompiled = "not-compiled"
            /// It computes something else than the portable product.
            case wrong
            /// It did not run; another time it may.
            case failed
            /// It is right, and another is as good or better.
            case slower
        }

        /// What was computed by it.
        package let operation: Operation
        /// How.
        package let form: NarrowForm
        /// Why it is not used.
        package let cause: Cause
        /// What came of it, in a phrase: `computed 0.3 instead of 0.7`.
        package let reason: String

        /// Names what came of a way to multiply.
        package init(_ operation: Operation, by form: NarrowForm, _ cause: Cause, _ reason: String) {
            (self.operation, self.form, self.cause, self.reason) = (operation, form, cause, reason)
        }

        /// `mma16 is not used for attention: computed 0.3 instead of 0.7`.
        package var description: String { "\(form.rawValue) is not used for \(operation.rawValue): \(reason)" }
    }

    /// The product that linear layers get.
    package let product: NarrowProduct
    /// The matrix instruction that attention runs by; nil where it is float32.
    package let attention: MatrixInstruction?
    /// What is not used.
    package let refusals: [Refusal]

    /// Takes a product as it is, and an instruction for attention.
    package init(_ product: NarrowProduct, attention: MatrixInstruction?, refusals: [Refusal] = []) {
        (self.product, self.attention, self.refusals) = (product, attention, refusals)
    }

    /// Takes a product as it is; attention runs by its instruction, where it has one.
    package init(_ product: NarrowProduct, refusals: [Refusal] = []) {
        self.init(product, attention: product.form.instruction, refusals: refusals)
    }

    /// Whether the product has a matrix instruction, and attention does not run by it.
    package var attendsInFloat32: Bool { product.form.instruction != nil && attention == nil }

    /// What `auto` comes to: the first of bfloat16 and float16 that a matrix instruction multiplies; nil for float32.
    ///
    /// - Parameter select: How a product in a precision would run.
    package static func automatic<Failure: Error>(
        _ select: (Precision) throws(Failure) -> NarrowSelection
    ) throws(Failure) -> NarrowSelection? {
        for precision in [Precision.bfloat16, .float16] {
            let selection = try select(precision)
            if selection.product.form.instruction?.isHardware == true { return selection }
        }
        return nil
    }
}
