// gating — y = activation(x₀) ⊙ x₁, the halves of each row.                                   Shazeer, arXiv:2002.05202

extension ReferenceBackend {
    /// `[…, 2·M]` to `[…, M]`.
    public func gate(_ x: HostTensor, _ activation: Activation) -> HostTensor {
        precondition(x.shape.width % 2 == 0, "a gate and a value of the same width, found rows of \(x.shape.width)")
        let width = x.shape.width / 2
        return HostTensor(x.shape.replacingWidth(width)) { y in
            parallel(x.shape.rows) { row in
                for m in 0..<width {
                    let (opening, value) = (x.values[row * 2 * width + m], x.values[(row * 2 + 1) * width + m])
                    y.base[row * width + m] = Float(activation(Double(opening)) * Double(value))
                }
            }
        }
    }
}
