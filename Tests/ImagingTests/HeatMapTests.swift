import Imaging
import Testing

@Suite("Maps over pictures")
struct HeatMapTests {
    private let black = Picture(size: PixelSize(width: 2, height: 1), bytes: [UInt8](repeating: 0, count: 6))

    @Test(
        "the least value is the darkest, the largest the brightest, however near or far they are",
        arguments: [
            (0, 1), (0, 1e-37), (0, .leastNonzeroMagnitude), (1, Float(1).nextUp),
            (-.greatestFiniteMagnitude, .greatestFiniteMagnitude),
        ] as [(Float, Float)])
    func range(low: Float, high: Float) {
        let found = HeatMap(rows: 1, columns: 2, values: [low, high]).laid(over: black)
        #expect(found == HeatMap(rows: 1, columns: 2, values: [0, 1]).laid(over: black))
    }

    @Test("a map of one value has one color")
    func flat() {
        let bytes = HeatMap(rows: 1, columns: 2, values: [3, 3]).laid(over: black).bytes
        #expect(bytes[..<3] == bytes[3...])
    }
}
