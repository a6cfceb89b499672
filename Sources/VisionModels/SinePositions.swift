import Operations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Positions that are computed: sines and cosines of column, then row, in quarters of the width.
///
/// Beyer et al., arXiv:2205.01580, as AIMv2's native models have them (temperature 10000).
enum SinePositions {
    /// `[rows · columns, D]`; D must be a multiple of 4.
    static func table(rows: Int, columns: Int, width: Int) -> HostTensor {
        let quarter = width / 4
        var values = [Float](repeating: 0, count: rows * columns * width)
        for patch in 0..<rows * columns {
            for i in 0..<quarter {
                let frequency = pow(10000, -Double(i) / Double(quarter))
                let (x, y) = (Double(patch % columns) * frequency, Double(patch / columns) * frequency)
                for (part, value) in [sin(x), cos(x), sin(y), cos(y)].enumerated() {
                    values[patch * width + part * quarter + i] = Float(value)
                }
            }
        }
        return HostTensor([rows * columns, width], values)
    }
}
