import OpenCLRuntime
import Testing

@testable import OpenCLOperations

@Suite("Tunings of the tiled variants")
struct TiledTuningTests {
    /// What OpenCL 1.2 promises of every device that is not embedded.
    private let leastLocalMemory = 32 << 10

    @Test("those that ship are legal, and run where there is no more local memory than promised", .requiresOpenCL)
    func shipped() throws {
        let device = try #require(TestDevice.first)
        for kind in [Device.Kind.cpu, .gpu] {
            let table = TuningTable.defaults(for: device, as: kind)
            #expect(table.linearTiled.isLegal && table.attentionTiled.isLegal)
            #expect(table.linearTiled.localBytes <= leastLocalMemory, "\(kind): \(table.linearTiled.localBytes)")
            #expect(table.attentionTiled.localBytes(headWidth: 64) <= leastLocalMemory)
        }
    }

    @Test("attention takes fewer queries for wide heads, and none where not even four fit")
    func fitting() throws {
        let tuning = AttentionTiledTuning(groupColumns: 8, groupRows: 8)
        #expect(tuning.localBytes(headWidth: 64) == 24_064)
        #expect(tuning.fitting(headWidth: 64, localMemory: leastLocalMemory) == tuning)
        let wide = try #require(tuning.fitting(headWidth: 128, localMemory: leastLocalMemory))
        #expect(wide.groupRows == 4 && wide.localBytes(headWidth: 128) <= leastLocalMemory)
        #expect(tuning.fitting(headWidth: 1024, localMemory: leastLocalMemory) == nil)
    }

    @Test("attention on CPU devices shares, holds and asks for less until it fits, and is none where nothing does")
    func fittingSIMD() throws {
        let tuning = AttentionSIMDTuning(vector: 8, vectors: 5, rows: 2, keyBlock: 256, tiles: 8)
        #expect(tuning.fitting(headWidth: 64, tokens: 200, localMemory: 1 << 20) == tuning)
        let shared = try #require(tuning.fitting(headWidth: 64, tokens: 200, localMemory: 256 << 10))
        #expect((shared.tiles, shared.keyBlock, shared.vectors) == (4, 256, 5))
        for headWidth in [16, 24, 64, 80, 128] {
            let small = try #require(tuning.fitting(headWidth: headWidth, tokens: 197, localMemory: leastLocalMemory))
            #expect(small.isLegal && small.localBytes(headWidth: headWidth) <= leastLocalMemory, "\(headWidth)")
        }
        #expect(tuning.fitting(headWidth: 512, tokens: 197, localMemory: leastLocalMemory) == nil)
    }

    @Test("attention on CPU devices keeps its registers where a tile has fewer queries")
    func registersSIMD() throws {
        let tuning = AttentionSIMDTuning(vector: 8, vectors: 5, rows: 2, keyBlock: 128, tiles: 8)
        let narrow = try #require(tuning.fitting(headWidth: 64, tokens: 257, localMemory: 1 << 20))
        #expect((narrow.vectors, narrow.rows) == (3, 4))
        for tokens in 1...600 {
            let fitted = try #require(tuning.fitting(headWidth: 64, tokens: tokens, localMemory: 1 << 20))
            #expect(fitted.vectors * (fitted.rows + 1) + 1 <= 16, "\(tokens) tokens: \(fitted)")
        }
    }

    @Test("a weight's inputs are padded to whole tiles")
    func padding() {
        let tuning = LinearTiledTuning(rows: 8, vectors: 1, groupColumns: 16, groupRows: 8, depth: 16)
        #expect([1, 16, 17, 768].map(tuning.paddedInputs) == [16, 16, 32, 768])
        #expect((tuning.panel, tuning.groupHeight) == (64, 64))
    }
}
