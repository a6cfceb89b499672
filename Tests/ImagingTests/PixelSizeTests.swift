import Imaging
import Testing

@Suite("Sizes in pixels")
struct PixelSizeTests {
    @Test("more pixels than can be counted are as many as can be")
    func area() {
        #expect(PixelSize(width: 640, height: 480).area == 307_200)
        #expect(PixelSize(side: 0xFFFF_FFFF).area == .max)
    }
}
