import OpenCLOperations
import OpenCLRuntime
import Operations
import Testing

@testable import OperationCases

/// Tunings so small that few tokens are several blocks of keys and several runs of tiles that share one.
@Suite("Attention on CPU devices, in small blocks", .requiresOpenCL, .serialized)
struct AttentionSIMDTests {
    struct Shape: CustomTestStringConvertible {
        let keyBlock: Int
        let tiles: Int
        let rows: Int

        var testDescription: String { "blocks of \(keyBlock), \(tiles) tiles a block, \(rows) rows" }
    }

    @Test(
        "agrees with its definition, and touches no memory but its own",
        arguments: [
            Shape(keyBlock: 64, tiles: 1, rows: 3), Shape(keyBlock: 64, tiles: 4, rows: 5),
            Shape(keyBlock: 64, tiles: 4, rows: 12), Shape(keyBlock: 128, tiles: 1, rows: 8),
        ])
    func agreement(shape: Shape) throws {
        let device = try #require(TestDevice.first)
        var options = OpenCLBackend.Options()
        options.variants = [.attention: .simd]
        options.measuredTunings = [
            "attention-simd": [
                "VECTOR": 4, "VECTORS": 2, "ROWS": shape.rows, "KEY_BLOCK": shape.keyBlock, "TILES": shape.tiles,
            ]
        ]
        (options.fillsWithNaN, options.placement) = (true, .guarded)
        let backend = try OpenCLBackend(device, options: options)
        try #require(backend.variant(of: .attention) == .simd && backend.profile.refusedTunings.isEmpty)
        let cases = [
            AttentionCase(batch: 1, tokens: 130, heads: 2, headWidth: 16),
            AttentionCase(batch: 2, tokens: 65, heads: 1, headWidth: 16, hasBias: true),
            AttentionCase(batch: 2, tokens: 257, heads: 2, headWidth: 16, queries: 21),
            AttentionCase(batch: 1, tokens: 200, heads: 1, headWidth: 10),
        ]
        for attention in cases {
            let deviation = Deviation(try attention.run(on: backend), from: attention.run(on: ReferenceBackend()))
            #expect(deviation.normalized <= attention.tolerance, "\(attention): \(deviation)")
        }
    }
}
