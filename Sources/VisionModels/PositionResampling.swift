import Operations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How a position table follows another grid of patches.
package enum PositionResampling: Sendable, Hashable {
    /// Not at all: the model has one picture size.
    case none
    /// Keys' cubic with a = −0.5, widened where the grid shrinks (torch's antialiased bicubic, timm).
    case antialiasedBicubic
    /// Keys' cubic with a = −0.75 (torch's bicubic, transformers).
    case bicubic
    /// Linear between centres, widened where the grid shrinks (torch's antialiased bilinear: TIPS, SigLIP 2).
    case antialiasedBilinear
    /// Linear between centres (torch's bilinear, timm for FlexiViT and .npz).
    case bilinear
    /// Keys' cubic with a = −0.75 over coordinates that are only scaled (TensorFlow 1's `resize_bicubic`, Keras models).
    case legacyBicubic
    /// Linear between places of which the first and last are the table's (torch's `align_corners`, timm for some of RADIO).
    case alignedBilinear
    /// Linear between centres to the square that covers the grid, of which the upper left is taken (transformers' RADIO).
    case croppedBilinear
    /// Linear between distances that grow geometrically from the middle (BEiT's tables, as its authors and timm fit them).
    case geometric

    /// A table `[rows · columns, D]` for another grid.
    ///
    /// Rows and columns are resampled one after the other, in double precision.
    func resample(
        _ table: HostTensor, from old: (rows: Int, columns: Int), to new: (rows: Int, columns: Int)
    ) -> HostTensor {
        let width = table.shape.width
        precondition(table.shape.rows == old.rows * old.columns, "\(table.shape) is no grid \(old.rows)×\(old.columns)")
        guard old != new else { return table }
        if self == .croppedBilinear {
            let side = max(new.rows, new.columns)
            let square = Self.bilinear.resample(table, from: old, to: (side, side))
            let rows = (0..<new.rows).flatMap { square.values[$0 * side * width..<($0 * side + new.columns) * width] }
            return HostTensor([new.rows * new.columns, width], rows)
        }
        let columns = taps(from: old.columns, to: new.columns), rows = taps(from: old.rows, to: new.rows)
        // [old.rows, new.columns, D]
        var wide = [Double](repeating: 0, count: old.rows * new.columns * width)
        for r in 0..<old.rows {
            for (c, taps) in columns.enumerated() {
                for tap in taps {
                    let (source, target) = ((r * old.columns + tap.index) * width, (r * new.columns + c) * width)
                    for d in 0..<width { wide[target + d] += tap.weight * Double(table.values[source + d]) }
                }
            }
        }
        var result = [Double](repeating: 0, count: new.rows * new.columns * width)
        for (r, taps) in rows.enumerated() {
            for tap in taps {
                let (source, target) = (tap.index * new.columns * width, r * new.columns * width)
                for d in 0..<new.columns * width { result[target + d] += tap.weight * wide[source + d] }
            }
        }
        return HostTensor([new.rows * new.columns, width], result.map(Float.init))
    }

    /// A source and its share.
    private struct Tap {
        let index: Int
        let weight: Double
    }

    /// What each of `new` places takes of `old` places; shares add up to 1.
    private func taps(from old: Int, to new: Int) -> [[Tap]] {
        let ratio = Double(old) / Double(new)
        return (0..<new).map { place in
            switch self {
            case .none, .croppedBilinear: preconditionFailure("a table that follows no other grid")
            case .antialiasedBicubic, .antialiasedBilinear:
                let reach = self == .antialiasedBicubic ? 2.0 : 1.0
                let stretch = max(ratio, 1)
                let centre = (Double(place) + 0.5) * ratio
                let first = max(0, Int(centre - reach * stretch + 0.5))
                let last = min(old, Int(centre + reach * stretch + 0.5))
                let shares = (first..<last).map { source in
                    let distance = (Double(source) - centre + 0.5) / stretch
                    return reach == 2 ? Self.cubic(distance, a: -0.5) : max(0, 1 - abs(distance))
                }
                let sum = shares.reduce(0, +)
                return zip(first..<last, shares).map { Tap(index: $0, weight: $1 / sum) }
            case .bicubic, .legacyBicubic:
                let at = self == .bicubic ? (Double(place) + 0.5) * ratio - 0.5 : Double(place) * ratio
                let base = Int(at.rounded(.down))
                // TensorFlow 1 looks the kernel up in a table of 1024 steps.
                let rest = at - Double(base)
                let exact = Double(base) + (self == .bicubic ? rest : (rest * 1024).rounded() / 1024)
                return (base - 1...base + 2).map {
                    Tap(index: min(max($0, 0), old - 1), weight: Self.cubic(Double($0) - exact, a: -0.75))
                }
            case .bilinear, .alignedBilinear:
                let at =
                    self == .bilinear
                    ? max((Double(place) + 0.5) * ratio - 0.5, 0) : Double(place * (old - 1)) / Double(max(new - 1, 1))
                let base = min(Int(at), old - 1)
                let share = at - Double(base)
                return [Tap(index: base, weight: 1 - share), Tap(index: min(base + 1, old - 1), weight: share)]
            case .geometric:
                let places = Self.geometricPlaces(old, covering: new)
                let at = Double(place - new / 2)
                guard let right = places.firstIndex(where: { $0 >= at }) else {
                    return [Tap(index: old - 1, weight: 1)]
                }
                guard right > 0 else { return [Tap(index: 0, weight: 1)] }
                let share = (at - places[right - 1]) / (places[right] - places[right - 1])
                return [Tap(index: right - 1, weight: 1 - share), Tap(index: right, weight: share)]
            }
        }
    }

    /// Where the `old` distances of a table lie among those of another grid, which go from −`new`/2 to `new`/2.
    ///
    /// Steps from the middle are 1, q, q² …, with the q that just covers the other grid, of 1.01 to 1.5 (microsoft/unilm,
    /// beit/run_class_finetuning.py; timm/layers/pos_embed_rel.py `resize_rel_pos_bias_table`).
    private static func geometricPlaces(_ old: Int, covering new: Int) -> [Double] {
        let half = old / 2
        var (low, high, q) = (1.01, 1.5, 1.01)
        while high - low > 1e-6 {
            q = (low + high) / 2
            let reach = (1 - pow(q, Double(half))) / (1 - q)
            if reach > Double(new / 2) { high = q } else { low = q }
        }
        var (distances, distance) = ([Double](), 1.0)
        for step in 0..<half {
            distances.append(distance)
            distance += pow(q, Double(step + 1))
        }
        return distances.reversed().map { -$0 } + [0] + distances
    }

    /// The kernel of cubic convolution: Keys, IEEE Transactions on Acoustics, Speech, and Signal Processing 29(6), 1981.
    private static func cubic(_ x: Double, a: Double) -> Double {
        let x = abs(x)
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
        return 0
    }
}
