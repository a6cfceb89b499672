// linear — y = r + γ ⊙ activation(x · Wᵀ + b), the rows of x optionally normalized first.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A linear layer with its weight transposed.
public struct ReferenceLinear: Sendable {
    let weight: TransposedWeight
    let bias: [Float]?
    let layerScale: [Float]?
}

extension ReferenceBackend {
    /// Transposes the weight.
    public func prepare(_ parameters: LinearParameters) -> ReferenceLinear {
        ReferenceLinear(
            weight: TransposedWeight(parameters.weight), bias: parameters.bias, layerScale: parameters.layerScale)
    }

    /// `residual + layerScale ⊙ activation(norm(x) · Wᵀ + b)`.
    public func linear(
        _ x: HostTensor, _ linear: ReferenceLinear, after norm: LayerNormParameters?, then activation: Activation,
        adding residual: HostTensor?
    ) -> HostTensor {
        let (inputs, outputs) = (linear.weight.inputWidth, linear.weight.outputWidth)
        precondition(x.shape.width == inputs, "linear expects rows of \(inputs), found \(x.shape)")
        let shape = x.shape.replacingWidth(outputs)
        precondition(residual.map { $0.shape.count == shape.count } ?? true, "residual must be \(shape)")
        return HostTensor(shape) { y in
            linear.weight.forEachProduct(rows: x.shape.rows) { row, input in
                for k in 0..<inputs { input[k] = Double(x.values[row * inputs + k]) }
                norm?.normalize(input)
            } emit: { row, product in
                for o in 0..<outputs {
                    var value = activation(product[o] + Double(linear.bias?[o] ?? 0))
                    if let scale = linear.layerScale { value *= Double(scale[o]) }
                    if let residual { value += Double(residual.values[row * outputs + o]) }
                    y.base[row * outputs + o] = Float(value)
                }
            }
        }
    }
}

extension Activation {
    /// The function itself, in double precision.
    package func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .identity: x
        case .gelu: 0.5 * x * erfc(-x * 0.5.squareRoot())
        case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .geluQuick: x / (1 + exp(-1.702 * x))
        case .silu: x / (1 + exp(-x))
        case .relu: max(x, 0)
        }
    }
}
