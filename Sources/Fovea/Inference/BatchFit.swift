import Operations
import VisionModels

/// How a batch of pictures fills the units of a device, from the work-groups of the blocks' linear layers.
///
/// A layer with N columns of groups runs M·N of them, M = ⌈pictures · tokens / rows of a group⌉, and a device of U units
/// takes ⌈M·N / U⌉ waves, the last of which may be almost empty. ViT-B/16 has 197 tokens and, in groups of 128 × 128, 18, 6, 24
/// and 6 columns: on 132 units every M that is a multiple of 22 gives whole waves to all of its layers. Of 32 pictures (M = 50)
/// the layers of 6 columns have 300 groups in 3 waves, 24 % of which nothing runs in; 14, 28, 57 and 114 pictures have
/// M = 22, 44, 88 and 176, of which 57 and 114 pad the last rows least, 0.3 %.
struct BatchFit {
    /// Work-groups that run at once.
    let units: Int
    /// Rows and columns of a work-group.
    let tile: (rows: Int, columns: Int)
    /// Rows of a picture.
    let tokens: Int
    /// Inputs and outputs of the linear layers.
    let layers: [(inputs: Int, outputs: Int)]

    /// The share of the units' time in which they compute what is asked for, 0…1.
    func efficiency(of pictures: Int) -> Double {
        let rows = pictures * tokens
        var (asked, taken) = (0.0, 0.0)
        for layer in layers {
            let groups = Self.quotient(rows, tile.rows) * Self.quotient(layer.outputs, tile.columns)
            let waves = Self.quotient(groups, units)
            asked += Double(rows * layer.outputs) * Double(layer.inputs)
            taken += Double(waves * units * tile.rows * tile.columns) * Double(layer.inputs)
        }
        return asked / taken
    }

    /// The smallest of some numbers of pictures that comes within a percent of the best of them.
    ///
    /// A larger one would gain nothing but the wait for it, and memory that no longer fits a cache.
    func pictures(among candidates: ClosedRange<Int>) -> Int {
        let best = candidates.map(efficiency).max() ?? 0
        return candidates.first { efficiency(of: $0) >= 0.99 * best } ?? candidates.lowerBound
    }

    private static func quotient(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
}

extension BatchFit {
    /// What a batch has where nobody says otherwise: on CPU devices, whose cores take one group after the other, and at least.
    static let usual = 8
    /// The most that is looked at.
    private static let most = 256
    /// What the widest result of a batch may take, in bytes: about what the last caches of large GPUs hold.
    private static let largestResult = 128 << 20

    /// The numbers of pictures that are looked at: as many as memory is meant for.
    ///
    /// - Parameters:
    ///   - elementBytes: Of a number between two layers.
    ///   - memory: Of the device, in bytes, of which a result should be a small part.
    func candidates(elementBytes: Int, memory: Int) -> ClosedRange<Int> {
        let widest = layers.map(\.outputs).max() ?? 1
        let limit = min(Self.largestResult, memory / 16) / (tokens * widest * elementBytes)
        return Self.usual...max(Self.usual, min(limit, Self.most))
    }
}
