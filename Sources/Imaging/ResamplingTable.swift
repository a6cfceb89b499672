/// For each target position along one axis: the source positions it is a mean of, and their fixed-point weights.
///
/// The arithmetic is that of Pillow's 8-bit path: weights are normalized in Double, then rounded half away from zero to
/// 22 bits after the point, so that a sum over bytes fits 32 bits.
struct ResamplingTable {
    /// Bits after the point of a weight.
    static let fractionBits: Int32 = 32 - 8 - 2

    /// First source position of each target position.
    private(set) var starts: [Int] = []
    /// Number of source positions of each target position.
    private(set) var counts: [Int] = []
    /// `stride` weights a target position, of which the first `counts[i]` are used.
    private(set) var weights: [Int32] = []
    /// Weights kept for each target position.
    let stride: Int

    /// Makes the table of a range of target positions.
    ///
    /// - Parameters:
    ///   - source: length of the axis before, at least 1.
    ///   - target: length of the whole axis after, at least 1.
    ///   - range: the target positions wanted.
    init(from source: Int, to target: Int, range: Range<Int>, filter: Resampling) {
        let scale = Double(source) / Double(target)
        let filterScale = max(scale, 1)
        let support = filter.support * filterScale
        let inverse = 1 / filterScale
        stride = Int(support.rounded(.up)) * 2 + 1
        weights.reserveCapacity(range.count * stride)
        var means = [Double](repeating: 0, count: stride)
        for position in range {
            let center = (Double(position) + 0.5) * scale
            let start = max(Int(center - support + 0.5), 0)
            let count = min(Int(center + support + 0.5), source) - start
            var sum = 0.0
            for i in 0..<count {
                means[i] = filter.weight(at: (Double(i + start) - center + 0.5) * inverse)
                sum += means[i]
            }
            for i in 0..<stride {
                weights.append(i < count ? Self.fixed(sum == 0 ? means[i] : means[i] / sum) : 0)
            }
            starts.append(start)
            counts.append(count)
        }
    }

    /// The source positions that any target position of the table reads.
    var sourceRange: Range<Int> {
        guard let first = starts.min(), let last = zip(starts, counts).map({ $0 + $1 }).max() else { return 0..<0 }
        return first..<last
    }

    private static func fixed(_ weight: Double) -> Int32 {
        let scaled = weight * Double(1 << fractionBits)
        return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    }
}

extension ResamplingTable {
    /// Lends the three arrays to a loop that has proven its indices.
    func withUnsafeBuffers(
        _ body: (_ starts: UnsafeBufferPointer<Int>, _ counts: UnsafeBufferPointer<Int>, UnsafeBufferPointer<Int32>) ->
            Void
    ) {
        starts.withUnsafeBufferPointer { starts in
            counts.withUnsafeBufferPointer { counts in
                weights.withUnsafeBufferPointer { weights in body(starts, counts, weights) }
            }
        }
    }
}
