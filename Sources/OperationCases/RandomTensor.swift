package import Operations

/// A generator whose numbers depend on the seed alone (SplitMix64: Steele, Lea, Flood, OOPSLA 2014).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts a sequence of its own for each seed.
    package init(seed: UInt64) { state = seed }

    /// The next 64 random bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Nearly normal: the sum of four uniform numbers, with mean 0 and the deviation given.
    package mutating func nextNormal(deviation: Float) -> Float {
        let bits = next()
        let sum = (0..<4).reduce(0) { $0 + Int((bits >> (16 * $1)) & 0xFFFF) }
        // The sum of four uniforms on 0…65535 has mean 131070 and deviation 65536/√3.
        return (Float(sum) - 131070) / 37837.2 * deviation
    }
}

extension SeededGenerator {
    /// A tensor of nearly normal values.
    package mutating func tensor(_ shape: Shape, mean: Float = 0, deviation: Float = 1) -> HostTensor {
        HostTensor(shape, values(shape.count, mean: mean, deviation: deviation))
    }

    /// Nearly normal values.
    package mutating func values(_ count: Int, mean: Float = 0, deviation: Float = 1) -> [Float] {
        (0..<count).map { _ in mean + nextNormal(deviation: deviation) }
    }
}
