import OpenCLRuntime
import Operations

extension OpenCLBackend {
    /// The best form that the device compiles and computes rightly, against the portable one on a small product, and why
    /// it is none of those before it.
    ///
    /// int8 sums are exact: the bits must be the same. bfloat16 sums differ in their order.
    func probeNarrowForms(
        for precision: Precision
    ) throws(OpenCLError) -> (best: NarrowForm, refused: [(form: NarrowForm, reason: String)]) {
        let candidates = NarrowForm.candidates(for: precision, on: profile.device).filter { $0 != .portable }
        var refused: [(form: NarrowForm, reason: String)] = []
        guard let first = candidates.first else { return (.portable, []) }
        let size = ProbeSize(first)
        let expected = try probeProduct(NarrowProduct(precision, .portable), size)
        for form in candidates {
            do throws(OpenCLError) {
                let found = try probeProduct(NarrowProduct(precision, form), size)
                let wrong = Self.wrongNumbers(in: found, expected: expected, precision)
                if wrong == 0 { return (form, refused) }
                refused.append((form, "\(wrong) of \(expected.values.count) numbers of a product are wrong"))
            } catch {
                refused.append((form, "\(error)"))
            }
        }
        return (.portable, refused)
    }

    /// How many numbers of a probe's product differ by more than the order of a sum may make.
    static func wrongNumbers(in found: HostTensor, expected: HostTensor, _ precision: Precision) -> Int {
        zip(found.values, expected.values).count { found, expected in
            precision == .int8
                ? found.bitPattern != expected.bitPattern : !(abs(found - expected) <= 1e-4 * (1 + abs(expected)))
        }
    }

    /// A product whose rows reach from no to all negative values and whose sums are as large as they get.
    func probeProduct(_ product: NarrowProduct, _ size: ProbeSize) throws(OpenCLError) -> HostTensor {
        let (rows, inputs, outputs) = (size.rows, size.inputs, size.outputs)
        let x = (0..<rows * inputs).map { index in
            index % inputs == 0 ? 1 : Float((index * 7919) % 257 - index / inputs % 7 * 43) / 128
        }
        let weight = (0..<outputs * inputs).map { index in
            index / inputs < 2 ? Float(1 - 2 * (index / inputs)) : Float((index * 104_729) % 255 - 127) / 127
        }
        let linear = try prepareNarrow(LinearParameters(weight: HostTensor([outputs, inputs], weight)), product)
        return try download(self.linear(upload(HostTensor([rows, inputs], x)), linear))
    }
}

/// Sizes of the product that a form is put to.
struct ProbeSize {
    let rows, inputs, outputs: Int
}

extension ProbeSize {
    /// Small; for matrix instructions more tiles of k than are in local memory at once, and more groups than a GPU's units
    /// run together: what a group reads before it has been written may be right as long as it has a unit for itself.
    init(_ form: NarrowForm) {
        (rows, inputs, outputs) = form.instruction == nil ? (7, 70, 37) : (4000, 390, 1100)
    }
}
