public import Operations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A case of `linear`: rows × inputs → outputs, with what surrounds the product.
public struct LinearCase: OperationCase {
    let rows: Int
    let inputs: Int
    let outputs: Int
    var activation = Activation.identity
    var normalizes = false
    var addsResidual = false

    /// A linear layer.
    public var operation: Operation { .linear }

    /// Rows around tile heights, inputs and outputs around vectors and panels; every activation; every fusion.
    public static let all: [any OperationCase] =
        [
            LinearCase(rows: 1, inputs: 1, outputs: 1), LinearCase(rows: 1, inputs: 192, outputs: 1000),
            LinearCase(rows: 2, inputs: 47, outputs: 31), LinearCase(rows: 5, inputs: 48, outputs: 144),
            LinearCase(rows: 6, inputs: 64, outputs: 16), LinearCase(rows: 7, inputs: 65, outputs: 17),
            LinearCase(rows: 23, inputs: 33, outputs: 63), LinearCase(rows: 25, inputs: 16, outputs: 65),
            LinearCase(rows: 33, inputs: 31, outputs: 129), LinearCase(rows: 197, inputs: 96, outputs: 80),
            LinearCase(rows: 3, inputs: 3072, outputs: 24), LinearCase(rows: 257, inputs: 48, outputs: 20),
            LinearCase(rows: 7, inputs: 70, outputs: 34, normalizes: true),
            LinearCase(rows: 40, inputs: 192, outputs: 65, activation: .gelu, normalizes: true),
            LinearCase(rows: 37, inputs: 48, outputs: 50, addsResidual: true),
            LinearCase(rows: 9, inputs: 52, outputs: 66, activation: .gelu, normalizes: true, addsResidual: true),
        ] + Activation.allCases.map { LinearCase(rows: 11, inputs: 29, outputs: 37, activation: $0) }

    /// Four tiny shapes.
    public static let small: [any OperationCase] = [
        LinearCase(rows: 3, inputs: 9, outputs: 19, addsResidual: true),
        LinearCase(rows: 7, inputs: 12, outputs: 34, activation: .gelu, normalizes: true),
        LinearCase(rows: 1, inputs: 5, outputs: 3, activation: .geluTanh),
        LinearCase(rows: 8, inputs: 64, outputs: 20),
    ]

    /// The five products of ViT-B/16.
    public static let base: [any OperationCase] = [
        LinearCase(rows: 197, inputs: 768, outputs: 2304, normalizes: true),
        LinearCase(rows: 197, inputs: 768, outputs: 768, addsResidual: true),
        LinearCase(rows: 197, inputs: 768, outputs: 3072, activation: .gelu, normalizes: true),
        LinearCase(rows: 197, inputs: 3072, outputs: 768, addsResidual: true),
        LinearCase(rows: 1, inputs: 768, outputs: 1000),
    ]

    /// Two operations a product; weight, input, output and residual once each.
    public var work: Work {
        Work(
            flop: 2 * rows * inputs * outputs,
            floats: inputs * outputs + rows * (inputs + outputs * (addsResidual ? 2 : 1)))
    }

    /// Grows with the root of the number of inputs.
    public var tolerance: Double { randomWalkTolerance(terms: inputs) }

    /// Six deviations of what rounding the factors does to a sum of random products whose deviation is 1.
    ///
    /// bfloat16: a factor is off by at most 2⁻⁹ of itself, by 2⁻⁹/√3 in deviation, two factors by √2 of that;
    /// float16: an eighth of it. int8: the largest of K normal values is about L = √(2 ln 2K), so that a step of a row is
    /// 2·L/255, of a weight L/127, and the error is step/√12. The squares of K normal values sum to K within three
    /// deviations of √(2K): a row and a column may each be longer by 1 + 3/√(2K). The steepest activation makes 1.13 of
    /// an error. What leaves as an operand for attention or another layer is rounded once more: numbers of up to five
    /// deviations.
    public func tolerance(in precision: Precision) -> Double {
        let terms = Double(inputs)
        let deviation: Double
        var unit = 0.0
        switch precision {
        case .float32: return tolerance
        case .float16: (unit, deviation) = (0x1p-12, 0x1p-12 * (2.0 / 3).squareRoot())
        case .bfloat16: (unit, deviation) = (0x1p-9, 0x1p-9 * (2.0 / 3).squareRoot())
        case .int8:
            let largest = (2 * log(2 * terms)).squareRoot()
            let steps = (2 * largest / 255, largest / 127)
            deviation = ((steps.0 * steps.0 + steps.1 * steps.1) / 12).squareRoot()
        }
        let length = 1 + 3 / (2 * terms).squareRoot()
        let leavesOperands = normalizes && !addsResidual
        return 6 * 1.13 * length * length * deviation + (leavesOperands ? 5 * unit : 0)
    }

    /// Weights scaled so that outputs have deviation 1.
    public func prepare<B: Backend>(on backend: B) throws(B.Failure) -> PreparedCase<B> {
        var random = SeededGenerator(seed: UInt64(rows) << 40 ^ UInt64(inputs) << 20 ^ UInt64(outputs))
        let x = try backend.upload(random.tensor([rows, inputs]))
        let weight = random.tensor([outputs, inputs], deviation: 1 / Float(inputs).squareRoot())
        let layerScale = addsResidual && activation == .identity ? random.values(outputs, mean: 1, deviation: 0.3) : nil
        let linear = try backend.prepare(
            LinearParameters(weight: weight, bias: random.values(outputs), layerScale: layerScale))
        let normParameters = LayerNormParameters(
            scale: random.values(inputs, mean: 1, deviation: 0.2), shift: random.values(inputs, deviation: 0.2),
            epsilon: 1e-6)
        let norm = try normalizes ? backend.prepare(normParameters) : nil
        let residualValues = random.tensor([rows, outputs])
        let residual = try addsResidual ? backend.upload(residualValues) : nil
        return PreparedCase { () throws(B.Failure) in
            try backend.linear(x, linear, after: norm, then: activation, adding: residual)
        }
    }

    /// Sizes and fusions.
    public var description: String {
        "linear \(rows)×\(inputs)→\(outputs)" + (normalizes ? " after norm" : "")
            + (activation == .identity ? "" : " then \(activation.rawValue)") + (addsResidual ? " + residual" : "")
    }
}
