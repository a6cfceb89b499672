#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The filters with which a picture is resized, each as Pillow defines it.
package enum Resampling: String, Sendable, CaseIterable {
    /// The pixel under the center of the target pixel.
    case nearest
    /// A triangle of support 1.
    case bilinear
    /// Keys's cubic with a = -0.5, of support 2.
    case bicubic
    /// A sinc windowed by a wider sinc, of support 3.
    case lanczos
    /// The mean over the target pixel's area.
    case box
    /// A sinc under a Hamming window, of support 1.
    case hamming

    /// The filter that Pillow's integer code names, as `resample` of a `preprocessor_config.json` does; nil for others.
    package init?(pillowCode: Int) {
        guard let match = Self.allCases.first(where: { $0.pillowCode == pillowCode }) else { return nil }
        self = match
    }

    /// `PIL.Image.Resampling` as an integer.
    package var pillowCode: Int {
        switch self {
        case .nearest: 0
        case .lanczos: 1
        case .bilinear: 2
        case .bicubic: 3
        case .box: 4
        case .hamming: 5
        }
    }

    /// Half the width of the filter, in source pixels at scale 1; 0 for `nearest`, which takes no mean.
    var support: Double {
        switch self {
        case .nearest: 0
        case .box: 0.5
        case .bilinear, .hamming: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The filter at a distance from its center, before normalization; zero beyond the support.
    ///
    /// The expressions keep the order of operations of Pillow's `Resample.c`, on which the last bit depends.
    func weight(at distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .nearest:
            preconditionFailure("nearest has no weights")
        case .box:
            return distance > -0.5 && distance <= 0.5 ? 1 : 0
        case .bilinear:
            return x < 1 ? 1 - x : 0
        case .bicubic:
            let a = -0.5
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
            return 0
        case .hamming:
            if x == 0 { return 1 }
            if x >= 1 { return 0 }
            let angle = x * Double.pi
            return sin(angle) / angle * (Double(0.54 as Float) + Double(0.46 as Float) * cos(angle))
        case .lanczos:
            return distance >= -3 && distance < 3 ? Self.sinc(distance) * Self.sinc(distance / 3) : 0
        }
    }

    private static func sinc(_ x: Double) -> Double {
        if x == 0 { return 1 }
        let angle = x * Double.pi
        return sin(angle) / angle
    }
}
