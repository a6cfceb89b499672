package import OpenCLRuntime
import Operations

/// Puts products to small cases, against a device's own portable kernels, before a model multiplies by one.
///
/// On a context of its own: a driver refuses everything in one in which a kernel has failed, and what a form does must
/// neither reach a model nor the form that is tried next.
package final class NarrowProbe {
    /// To be raised where other cases or bounds may decide otherwise: what was found before is not trusted then.
    static let version = 3

    private let device: Device
    private let options: OpenCLBackend.Options
    /// Nil before the first attempt, and once its device has failed.
    private var backend: OpenCLBackend?

    /// A probe for backends with some options.
    package init(_ device: Device, _ options: OpenCLBackend.Options) {
        var options = options
        (options.precision, options.narrowForm, options.profiles) = (.float32, nil, false)
        (self.device, self.options) = (device, options)
    }

    /// The fastest product that the device compiles and computes rightly, as it was found now or at an earlier start.
    ///
    /// A wrong linear layer refuses the product; a wrong attention only keeps attention from it, and leaves it to waves where
    /// they are right.
    ///
    /// - Parameter products: Of one precision, best first, the portable one behind them.
    package func select(among products: [NarrowProduct]) throws(OpenCLError) -> NarrowSelection {
        precondition(products.last?.form == .portable, "the portable product is what is left where no other is right")
        guard products.count > 1 else { return NarrowSelection(products[0]) }
        // What is kept never brings in what the device's facts, asked anew at each start, do not allow.
        if let kept = options.selections?.selection(among: products), products.contains(kept.product) { return kept }
        let selection = try probe(products)
        // What did not run for want of memory, say, may run at the next start.
        if !selection.refusals.contains(where: { $0.cause == .failed }) {
            options.selections?.keep(selection, among: products)
        }
        return selection
    }

    /// Does something on a backend that works; one whose device fails is thrown away.
    func attempt<Result>(
        _ work: (OpenCLBackend) throws(OpenCLError) -> Result
    ) throws(OpenCLError) -> Result {
        let backend = if let backend { backend } else { try OpenCLBackend(device, options: options) }
        self.backend = backend
        do throws(OpenCLError) {
            return try work(backend)
        } catch {
            if error.kind == .deviceLost { self.backend = nil }
            throw error
        }
    }

    private func probe(_ products: [NarrowProduct]) throws(OpenCLError) -> NarrowSelection {
        let portable = products[products.count - 1]
        let probe = LinearProbe(products[0])
        let expected = try attempt { backend throws(OpenCLError) in try probe.compute(on: backend, by: portable) }
        var refusals: [NarrowSelection.Refusal] = []
        var right: [NarrowProduct] = []
        for product in products.dropLast() {
            if let refusal = refusalOfLinear(by: product, probe, expecting: expected) {
                refusals.append(refusal)
                continue
            }
            right.append(product)
            // Of a processor's instructions the widest is the fastest.
            if product.form.instruction == nil { break }
        }
        guard !right.isEmpty else { return NarrowSelection(portable, refusals: refusals) }
        // Of what is no hardware for products nothing says that it is faster than the portable form.
        let isHardware = right.contains { $0.form.instruction?.isHardware != false }
        let (product, others) = fastest(of: isHardware ? right : right + [portable], timing: options.narrowTiming)
        refusals += others
        let attention = try attentionInstruction(of: product, &refusals)
        return NarrowSelection(product, attention: attention, refusals: refusals)
    }

    /// Why linear layers must not run by a product; nil where they may, in every tile and with every end that they could have.
    private func refusalOfLinear(
        by product: NarrowProduct, _ probe: LinearProbe, expecting expected: HostTensor
    ) -> NarrowSelection.Refusal? {
        guard product.form == .wgmma else {
            return refusal(of: .linear, by: product.form, expecting: expected, within: product.linearBound) {
                backend throws(OpenCLError) in try probe.compute(on: backend, by: product)
            }
        }
        // As results leave: floats, rows of operands for attention, and tiles of them for the layer behind gelu.
        let activated = HostTensor(expected.shape, expected.values.map { Float(Activation.gelu(Double($0))) })
        let ways: [(DeviceTensor.Element, Activation, HostTensor, (Float) -> Float)] = [
            (.float32, .identity, expected, product.linearBound), (.operand, .identity, expected, product.roundedBound),
            (.swizzled, .gelu, activated, product.roundedBound),
        ]
        for tile in WarpGroupTile.all(isEmulated: product.isEmulated) {
            for (element, activation, expected, bound) in ways {
                let refusal = refusal(of: .linear, by: product.form, expecting: expected, within: bound) {
                    backend throws(OpenCLError) in
                    try probe.compute(on: backend, by: product, in: tile, then: activation, leaving: element)
                }
                if let refusal { return refusal }
            }
        }
        return nil
    }

    /// The instruction by which attention of a product is right; nil for none.
    ///
    /// Why it is no other is added to the refusals. Warp groups need that of a wave beside theirs, for what they cannot run.
    private func attentionInstruction(
        of product: NarrowProduct, _ refusals: inout [NarrowSelection.Refusal]
    ) throws(OpenCLError) -> MatrixInstruction? {
        guard let instruction = product.form.instruction else { return nil }
        if let refusal = try refusalOfAttention(by: instruction.ofWaves, of: product) {
            refusals.append(refusal)
            return nil
        }
        guard instruction == .wgmma, let refusal = try refusalOfAttention(by: instruction, of: product) else {
            return instruction
        }
        refusals.append(refusal)
        return instruction.ofWaves
    }

    /// Why attention must not run by an instruction; nil where it may.
    private func refusalOfAttention(
        by instruction: MatrixInstruction, of product: NarrowProduct
    ) throws(OpenCLError) -> NarrowSelection.Refusal? {
        for probe in AttentionProbe.all(product, instruction) {
            let expected = try attempt { backend throws(OpenCLError) in
                try backend.download(
                    backend.attention(
                        backend.upload(probe.input), heads: probe.heads, scale: probe.scale, bias: nil, queries: nil))
            }
            let bound = probe.bound(product)
            let refusal = refusal(of: .attention, by: instruction.form, expecting: expected, within: { _ in bound }) {
                backend throws(OpenCLError) in try probe.compute(on: backend, by: product, instruction)
            }
            if let refusal { return refusal }
        }
        return nil
    }

    /// Why an operation must not run by a form; nil where every number is within a bound of what is expected.
    private func refusal(
        of operation: Operation, by form: NarrowForm, expecting expected: HostTensor,
        within bound: (Float) -> Float, _ compute: (OpenCLBackend) throws(OpenCLError) -> HostTensor
    ) -> NarrowSelection.Refusal? {
        do throws(OpenCLError) {
            // NaN is within no bound.
            let wrong = zip(try attempt(compute).values, expected.values).first { !(abs($0 - $1) <= bound($1)) }
            return wrong.map {
                NarrowSelection.Refusal(operation, by: form, .wrong, "computed \($0) instead of \($1)")
            }
        } catch {
            return NarrowSelection.Refusal(operation, by: form, error)
        }
    }
}

extension NarrowSelection.Refusal {
    /// What has happened, in a phrase: of a build the compiler's first error.
    init(_ operation: Operation, by form: NarrowForm, _ error: OpenCLError) {
        guard error.kind == .buildFailure else {
            let phrase = "failed: \(error.call ?? "") \(error.status.map { "returned \($0)" } ?? error.context ?? "")"
            self.init(operation, by: form, .failed, phrase)
            return
        }
        let lines = (error.buildLog ?? "").split(separator: "\n")
        let first =
            lines.first { $0.contains("error") }.map(String.init) ?? lines.first.map(String.init) ?? error.context
            ?? "the driver does not say why"
        self.init(operation, by: form, .notCompiled, "did not compile: \(first)")
    }
}
