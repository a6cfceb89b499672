package import OpenCLRuntime
import Operations

/// What a device is put to before it multiplies in a form: small cases, against its own portable kernels.
extension OpenCLBackend {
    /// The fastest product that the device compiles and computes rightly, as it was found now or at an earlier start.
    ///
    /// A wrong linear layer refuses the product; a wrong attention only keeps attention from it.
    ///
    /// - Parameters:
    ///   - products: Of one precision, best first, the portable one behind them.
    ///   - store: Where what was found is kept; nil for nowhere.
    ///   - timing: Stands in for the clock: a test's way to say which is fast.
    package func select(
        among products: [NarrowProduct], keptIn store: (any NarrowSelectionStore)? = nil, timing: NarrowTiming? = nil
    ) throws(OpenCLError) -> NarrowSelection {
        precondition(products.last?.form == .portable, "the portable product is what is left where no other is right")
        guard products.count > 1 else { return NarrowSelection(products[0]) }
        // What is kept never brings in what the device's facts, asked anew at each start, do not allow.
        if let kept = store?.selection(among: products), products.contains(kept.product) { return kept }
        let selection = try probe(products, timing: timing)
        // What did not run for want of memory, say, may run at the next start.
        if !selection.refusals.contains(where: { $0.cause == .failed }) { store?.keep(selection, among: products) }
        return selection
    }

    private func probe(_ products: [NarrowProduct], timing: NarrowTiming?) throws(OpenCLError) -> NarrowSelection {
        let portable = products[products.count - 1]
        let probe = LinearProbe(products[0])
        let expected = try compute(probe, by: portable)
        var refusals: [NarrowSelection.Refusal] = []
        var right: [NarrowProduct] = []
        for product in products.dropLast() {
            let linear = refusal(of: .linear, by: product, expecting: expected, within: product.linearBound) {
                () throws(OpenCLError) in try compute(probe, by: product)
            }
            if let linear {
                refusals.append(linear)
                continue
            }
            right.append(product)
            // Of a processor's instructions the widest is the fastest.
            if product.form.instruction == nil { break }
        }
        guard !right.isEmpty else { return NarrowSelection(portable, refusals: refusals) }
        // Of what is no hardware for products nothing says that it is faster than the portable form.
        let isHardware = right.contains { $0.form.instruction?.isHardware != false }
        let (product, others) = fastest(of: isHardware ? right : right + [portable], timing: timing)
        refusals += others
        let attention = try refusalOfAttention(by: product)
        if let attention { refusals.append(attention) }
        return NarrowSelection(product, multipliesAttention: attention == nil, refusals: refusals)
    }

    /// Why attention must not run by a product; nil where it may, or would not in any case.
    private func refusalOfAttention(by product: NarrowProduct) throws(OpenCLError) -> NarrowSelection.Refusal? {
        guard let instruction = product.form.instruction?.ofAttention else { return nil }
        let probe = AttentionProbe(product)
        let x = try upload(probe.input)
        let expected = try download(attention(x, heads: probe.heads, scale: probe.scale, bias: nil, queries: nil))
        return refusal(of: .attention, by: product, expecting: expected, within: { _ in probe.bound(product) }) {
            () throws(OpenCLError) in
            guard let tile = AttentionMatrixTile(product, instruction, headWidth: probe.headWidth) else {
                return expected
            }
            let y = try attentionMatrix(
                narrowed(x, to: product, as: .operand), heads: probe.heads, scale: probe.scale, bias: nil,
                queries: probe.tokens, tile, product, instruction)
            return try download(widened(y, from: product))
        }
    }

    /// Why an operation must not run by a product; nil where every number is within a bound of what is expected.
    private func refusal(
        of operation: Operation, by product: NarrowProduct, expecting expected: HostTensor,
        within bound: (Float) -> Float, _ compute: () throws(OpenCLError) -> HostTensor
    ) -> NarrowSelection.Refusal? {
        do throws(OpenCLError) {
            // NaN is within no bound.
            let wrong = zip(try compute().values, expected.values).first { !(abs($0 - $1) <= bound($1)) }
            return wrong.map {
                NarrowSelection.Refusal(operation, by: product.form, .wrong, "computed \($0) instead of \($1)")
            }
        } catch {
            return NarrowSelection.Refusal(operation, by: product.form, error)
        }
    }

    private func compute(_ probe: LinearProbe, by product: NarrowProduct) throws(OpenCLError) -> HostTensor {
        let linear = try prepareNarrow(LinearParameters(weight: probe.weight), product)
        return try download(self.linear(upload(probe.input), linear))
    }
}

/// A product that has all lanes of several groups and the edges of the last ones, and goes through its stages more than once.
///
/// On a device more groups than its units run together: what a group reads before it has been written may be right as long as
/// it has a unit for itself.
///
/// Its rows reach from no to all negative values, and its sums are as large as they get.
private struct LinearProbe {
    let input, weight: HostTensor

    init(_ product: NarrowProduct) {
        let isInstruction = product.form.instruction != nil && !product.isEmulated
        let (rows, inputs, outputs) = isInstruction ? (4000, 390, 1100) : (150, 390, 140)
        input = HostTensor(
            [rows, inputs],
            (0..<rows * inputs).map { index in
                index % inputs == 0 ? 1 : Float((index * 7919) % 257 - index / inputs % 7 * 43) / 128
            })
        weight = HostTensor(
            [outputs, inputs],
            (0..<outputs * inputs).map { index in
                index / inputs < 2 ? Float(1 - 2 * (index / inputs)) : Float((index * 104_729) % 255 - 127) / 127
            })
    }
}

/// Attention of heads as wide as most are, or as a form takes at most, over more than one block of keys and a part of one.
private struct AttentionProbe {
    let tokens = 83
    let heads = 2
    let headWidth: Int
    /// Large enough that few keys have most of the weight, so that it matters which.
    let scale: Float = 0.25
    /// Multiples of 1/32 from −2 to 2, which no precision rounds: from a linear congruential generator (Numerical Recipes).
    let input: HostTensor

    init(_ product: NarrowProduct) {
        headWidth = product.form == .subgroup8 ? 32 : 64
        var state: UInt32 = 1
        let values = (0..<tokens * 3 * heads * headWidth).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(Int32(state >> 25) - 64) / 32
        }
        input = HostTensor([1, tokens, 3 * heads * headWidth], values)
    }

    /// Weights and results are rounded once each, and neither the weighted values nor a result are above 2; the fifth unit is
    /// for what is rounded in float32.
    func bound(_ product: NarrowProduct) -> Float { 5 * (product.precision == .float16 ? 0x1p-11 : 0x1p-8) }
}

extension NarrowProduct {
    /// int8 sums are exact; others differ in their order.
    fileprivate var linearBound: (Float) -> Float {
        precision == .int8 ? { _ in 0 } : { 1e-4 * (1 + abs($0)) }
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
        let first = lines.first { $0.contains("error") } ?? lines.first ?? "the driver does not say why"
        self.init(operation, by: form, .notCompiled, "did not compile: \(first)")
    }
}
