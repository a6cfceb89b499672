package import Operations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How the place of a patch becomes the angles by which its query and key are rotated.
///
/// Axial: Heo et al., arXiv:2403.13298; EVA-02: Fang et al., arXiv:2303.11331; DINOv3: Siméoni et al., arXiv:2508.10104.
package struct RotaryRule: Sendable, Hashable {
    /// What a patch's row and column are counted in.
    package enum Coordinates: Sendable, Hashable {
        /// 0, 1, 2 … plus an offset; stretched so that the grid covers that of training, where there is one.
        case index(offset: Float, trainedGrid: InputSize?)
        /// The patch's centre between −1 and 1, times 2π.
        case centred
    }

    /// Where frequencies come from.
    package enum Frequencies: Sendable, Hashable {
        /// `temperature^(−i/n)` for each axis, n = C/4.
        case geometric(temperature: Float)
        /// Learned for each block and head: `[2, depth, H, C/2]`, the axes' products added.
        case learned
    }

    /// What places are counted in.
    package var coordinates: Coordinates
    /// Where frequencies come from.
    package var frequencies: Frequencies
    /// Which channels are a pair.
    package var pairing: RotaryEmbedding.Pairing
    /// Whether the column comes before the row (timm's `xy`).
    package var isColumnFirst = false

    /// Makes a rule.
    package init(
        coordinates: Coordinates, frequencies: Frequencies, pairing: RotaryEmbedding.Pairing,
        isColumnFirst: Bool = false
    ) {
        (self.coordinates, self.frequencies) = (coordinates, frequencies)
        (self.pairing, self.isColumnFirst) = (pairing, isColumnFirst)
    }
}

extension RotaryEmbedding {
    /// The same with a token in front, rotated by angles `[C/2]` of its own.
    func precededBy(_ angles: [Float]) -> RotaryEmbedding {
        precondition(tableCount == 1 && angles.count * 2 == width, "\(angles.count) angles for a head of \(width)")
        func spread(_ function: (Double) -> Double, _ rest: HostTensor) -> HostTensor {
            let values = angles.map { Float(function(Double($0))) }
            let row = pairing == .halves ? values + values : values.flatMap { [$0, $0] }
            return HostTensor([1, tokenCount + 1, width], row + rest.values)
        }
        return RotaryEmbedding(pairing: pairing, cosines: spread(cos, cosines), sines: spread(sin, sines))
    }
}

extension RotaryRule {
    /// The tables for a grid of patches.
    ///
    /// - Parameters:
    ///   - headWidth: C, a multiple of 4.
    ///   - learned: Of one block, first axis first: `[2, H, C/2]`; nil for geometric frequencies.
    func embedding(rows: Int, columns: Int, headWidth: Int, learned: HostTensor? = nil) -> RotaryEmbedding {
        let half = headWidth / 2
        let tables = learned?.shape[1] ?? 1
        let shape = [tables, rows * columns, headWidth] as Shape
        var (cosines, sines) = ([Float](repeating: 0, count: shape.count), [Float](repeating: 0, count: shape.count))
        for table in 0..<tables {
            for patch in 0..<rows * columns {
                let row = place(patch / columns, of: rows, \.height)
                let column = place(patch % columns, of: columns, \.width)
                let places = isColumnFirst ? (column, row) : (row, column)
                for i in 0..<half {
                    let angle = angle(places, i, half: half, table: table, learned: learned)
                    let at = (table * rows * columns + patch) * headWidth
                    let channels = pairing == .neighbours ? [2 * i, 2 * i + 1] : [i, i + half]
                    for c in channels { (cosines[at + c], sines[at + c]) = (Float(cos(angle)), Float(sin(angle))) }
                }
            }
        }
        return RotaryEmbedding(pairing: pairing, cosines: HostTensor(shape, cosines), sines: HostTensor(shape, sines))
    }

    private func place(_ index: Int, of count: Int, _ axis: KeyPath<InputSize, Int>) -> Double {
        switch coordinates {
        case .index(let offset, let trained):
            let place = Double(index) + Double(offset)
            return trained.map { place / Double(count) * Double($0[keyPath: axis]) } ?? place
        case .centred: return 2 * Double.pi * (2 * (Double(index) + 0.5) / Double(count) - 1)
        }
    }

    private func angle(
        _ places: (Double, Double), _ i: Int, half: Int, table: Int, learned: HostTensor?
    ) -> Double {
        switch frequencies {
        case .geometric(let temperature):
            let bands = half / 2
            let frequency = pow(Double(temperature), -Double(i % bands) / Double(bands))
            return (i < bands ? places.0 : places.1) * frequency
        case .learned:
            guard let learned else { preconditionFailure("a rotation without its learned frequencies") }
            let heads = learned.shape[1]
            func at(_ axis: Int) -> Double { Double(learned.values[(axis * heads + table) * half + i]) }
            return places.0 * at(0) + places.1 * at(1)
        }
    }
}
