public import Operations

/// One use of an operation: sizes, data from a constant seed, what it costs and how exact it must be.
///
/// Written once, a case is checked by the tests and `fovea verify`, timed by the benchmarks and tuned on by the tuner.
public protocol OperationCase: Sendable, CustomStringConvertible {
    /// What it is a case of.
    var operation: Operation { get }
    /// Floating-point operations and bytes of one run.
    var work: Work { get }
    /// Largest deviation allowed, max|Δ| / rms(expected), for float32.
    var tolerance: Double { get }
    /// The same for a backend that multiplies in another precision.
    func tolerance(in precision: Precision) -> Double
    /// Puts parameters and data on a backend; the result runs the operation as often as it is called.
    func prepare<B: Backend>(on backend: B) throws(B.Failure) -> PreparedCase<B>
}

/// A case whose data lie on a backend.
public struct PreparedCase<B: Backend> {
    /// Runs the operation once and returns its result where it was computed.
    public let run: () throws(B.Failure) -> B.Tensor

    init(_ run: @escaping () throws(B.Failure) -> B.Tensor) { self.run = run }
}

extension OperationCase {
    /// That of float32: only linear layers, attention and patch embedding have others.
    public func tolerance(in precision: Precision) -> Double { tolerance }

    /// Runs the case once and copies the result back.
    public func run<B: Backend>(on backend: B) throws(B.Failure) -> HostTensor {
        try backend.download(prepare(on: backend).run())
    }
}

/// What a run costs, whatever the implementation.
public struct Work: Sendable, Hashable {
    /// Floating-point operations; a fused multiply-add counts two.
    public let flop: Double
    /// Bytes that must be read and written at least once.
    public let bytes: Double

    /// Makes a cost from floating-point operations and numbers of float32 values moved.
    init(flop: Int, floats: Int) {
        (self.flop, bytes) = (Double(flop), Double(floats) * 4)
    }
}

/// Lists of cases.
public enum OperationCases {
    /// Shapes that straddle the edges of tiles, vectors and steps; minutes on an interpreter, seconds on a device.
    public static var all: [any OperationCase] {
        PatchEmbeddingCase.all + LayerNormCase.all + LinearCase.all + QueryKeyCase.all + AttentionCase.all
            + AttentionMapCase.all + GatingCase.all + PoolingCase.all + SoftmaxCase.all
    }

    /// A few tiny shapes of each operation, for interpreters that check every access.
    public static var small: [any OperationCase] {
        PatchEmbeddingCase.small + LayerNormCase.small + LinearCase.small + QueryKeyCase.small + AttentionCase.small
            + AttentionMapCase.small + GatingCase.small + PoolingCase.small + SoftmaxCase.small
    }

    /// The shapes of ViT-B/16 at 224 pixels, one picture: what benchmarks time.
    public static var base: [any OperationCase] {
        PatchEmbeddingCase.base + LayerNormCase.base + LinearCase.base + QueryKeyCase.base + AttentionCase.base
            + AttentionMapCase.base + GatingCase.base + PoolingCase.base + SoftmaxCase.base
    }
}

/// The rounding unit of float32, 2⁻²⁴.
let unitRoundoff = 0x1p-24

extension OperationCase {
    /// A bound on the error of a sum of `terms` random products: it grows with the root of their number.
    ///
    /// Eight times the expected size of a random walk of roundings catches a wrong kernel and no right one; the floor
    /// allows for the element-wise functions, good to a few units in the last place of their largest values.
    func randomWalkTolerance(terms: Int) -> Double {
        max(8 * Double(terms).squareRoot() * unitRoundoff, 2e-6)
    }
}
