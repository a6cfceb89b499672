/// Viridis, a color map in which equal steps of a value look equally large, and which survives print in gray and color
/// blindness (van der Walt and Smith, 2015, CC0).
///
/// Computed by a polynomial fitted to it (Zucker, "WebGL-friendly fits to perceptually uniform color maps", CC0), which
/// stays within two of 255 steps.
package enum ColorMap {
    /// The coefficients of red, green and blue, from the constant up.
    private static let coefficients: [SIMD3<Double>] = [
        [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
        [0.1050930431085774, 1.404613529898575, 1.384590162594685],
        [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
        [-4.634230498983486, -5.799100973351585, -19.33244095627987],
        [6.228269936347081, 14.17993336680509, 56.69055260068105],
        [4.776384997670288, -13.74514537774601, -65.35303263337234],
        [-5.435455855934631, 4.645852612178535, 26.3124352495832],
    ]

    /// The color of a value from 0, dark violet, to 1, yellow; what lies outside gets the nearer end, NaN black.
    package static func color(of value: Double) -> RGB {
        guard !value.isNaN else { return .black }
        let x = min(max(value, 0), 1)
        let sum = coefficients.reversed().reduce(SIMD3<Double>(repeating: 0)) { $0 * x + $1 }
        func byte(_ channel: Double) -> UInt8 { UInt8(min(max(channel * 255, 0), 255).rounded()) }
        return RGB(red: byte(sum.x), green: byte(sum.y), blue: byte(sum.z))
    }
}
