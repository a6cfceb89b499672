import OpenCLRuntime
import Operations

extension OpenCLBackend {
    /// The first form that the device compiles and computes rightly, against the portable one on a small product.
    ///
    /// int8 sums are exact: the bits must be the same. bfloat16 sums differ in their order.
    func select(
        among forms: [NarrowForm], for precision: Precision
    ) throws(OpenCLError) -> NarrowSelection {
        let portable = NarrowSelection(NarrowProduct(precision, .portable))
        let candidates = forms.filter { $0 != .portable }
        guard !candidates.isEmpty else { return portable }
        let expected = try probeProduct(NarrowProduct(precision, .portable))
        for form in candidates {
            do throws(OpenCLError) {
                let found = try probeProduct(NarrowProduct(precision, form))
                let agrees = zip(found.values, expected.values).allSatisfy {
                    precision == .int8 ? $0.bitPattern == $1.bitPattern : abs($0 - $1) <= 1e-4 * (1 + abs($1))
                }
                if agrees { return NarrowSelection(NarrowProduct(precision, form)) }
            } catch {
                continue  // the device refuses the instruction: the next form
            }
        }
        return portable
    }

    /// A product whose rows reach from no to all negative values and whose sums are as large as they get.
    private func probeProduct(_ product: NarrowProduct) throws(OpenCLError) -> HostTensor {
        let (rows, inputs, outputs) = (7, 70, 37)
        let x = (0..<rows * inputs).map { index in
            index % inputs == 0 ? 1 : Float((index * 7919) % 257 - index / inputs * 43) / 128
        }
        let weight = (0..<outputs * inputs).map { index in
            index / inputs < 2 ? Float(1 - 2 * (index / inputs)) : Float((index * 104_729) % 255 - 127) / 127
        }
        let linear = try prepareNarrow(LinearParameters(weight: HostTensor([outputs, inputs], weight)), product)
        return try download(self.linear(upload(HostTensor([rows, inputs], x)), linear))
    }
}
