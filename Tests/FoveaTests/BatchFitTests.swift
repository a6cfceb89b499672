import Testing
import VisionModels

@testable import Fovea

@Suite("How many pictures fill a device")
struct BatchFitTests {
    private static func fit(
        units: Int, tile: Int, tokens: Int, width: Int, hidden: Int
    ) -> BatchFit {
        BatchFit(
            units: units, tile: (tile, tile), tokens: tokens,
            layers: [(width, 3 * width), (width, width), (width, hidden), (hidden, width)])
    }

    /// ViT-B/16 at 224 pixels on 132 units, in groups of 128 × 128.
    private let large = fit(units: 132, tile: 128, tokens: 197, width: 768, hidden: 3072)

    @Test(
        "whole waves in all layers but for what pads the last rows",
        arguments: [(14, 0.979), (28, 0.979), (57, 0.997), (114, 0.997)])
    func wholeWaves(pictures: Int, share: Double) {
        #expect(abs(large.efficiency(of: pictures) - share) < 0.001)
    }

    @Test(
        "a last wave that is almost empty costs as much as a full one", arguments: [(16, 0.43), (32, 0.24), (64, 0.10)])
    func partWaves(pictures: Int, loss: Double) {
        // Of the layers of six columns; their rows are padded as well.
        let narrow = BatchFit(units: 132, tile: (128, 128), tokens: 197, layers: [(768, 768)])
        let padded = (Double(pictures * 197) / 128).rounded(.up) * 128 / Double(pictures * 197)
        #expect(abs(1 - narrow.efficiency(of: pictures) * padded - loss) < 0.005)
    }

    @Test("the smallest batch that is nearly the best is taken, within memory's bounds")
    func choice() {
        let candidates = large.candidates(elementBytes: 2, memory: 80 << 30)
        // 128 MiB hold the 3072 numbers of 197 tokens of 110 pictures.
        #expect(candidates == 8...110)
        #expect(large.pictures(among: candidates) == 57)
        #expect(large.pictures(among: 1...50) == 14)
        #expect(large.candidates(elementBytes: 4, memory: 80 << 30) == 8...55)
        // A sixteenth of 2 GiB is as much; of 256 MiB not even what eight pictures take.
        #expect(large.candidates(elementBytes: 2, memory: 2 << 30) == 8...110)
        #expect(large.candidates(elementBytes: 2, memory: 128 << 20) == 8...8)
        let tiny = Self.fit(units: 132, tile: 128, tokens: 5, width: 64, hidden: 256)
        #expect(tiny.candidates(elementBytes: 2, memory: 80 << 30) == 8...256)
    }

    @Test("no number of pictures is better by more than a percent", arguments: [4, 20, 108, 132, 144], [64, 128, 256])
    func best(units: Int, tile: Int) {
        for (tokens, width) in [(197, 192), (197, 768), (257, 1024), (577, 768), (1370, 384)] {
            let fit = Self.fit(units: units, tile: tile, tokens: tokens, width: width, hidden: 4 * width)
            let candidates = fit.candidates(elementBytes: 2, memory: 16 << 30)
            let chosen = fit.pictures(among: candidates)
            #expect(candidates.contains(chosen))
            let efficiencies = candidates.map(fit.efficiency)
            #expect(efficiencies.allSatisfy { $0 > 0 && $0 <= 1 })
            #expect(fit.efficiency(of: chosen) >= 0.99 * (efficiencies.max() ?? 1))
        }
    }

    @Test("a CPU device keeps 8 pictures")
    func reference() throws {
        #expect(try ModelFiles(ModelFiles.demoName).open().session(on: .reference).usualBatchSize == 8)
    }
}
