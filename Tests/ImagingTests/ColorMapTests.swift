import Imaging
import Testing

@Suite("Colors for numbers")
struct ColorMapTests {
    @Test("viridis begins, passes the middle and ends as published")
    func viridis() {
        #expect(ColorMap.viridis(0) == RGB(red: 0x44, green: 0x01, blue: 0x54))
        #expect(ColorMap.viridis(0.5) == RGB(red: 0x21, green: 0x91, blue: 0x8C))
        #expect(ColorMap.viridis(1) == RGB(red: 0xFD, green: 0xE7, blue: 0x25))
    }

    @Test("it grows brighter with every step, and no step leaps")
    func brightness() {
        func brightness(_ color: RGB) -> Double {
            0.2126 * Double(color.red) + 0.7152 * Double(color.green) + 0.0722 * Double(color.blue)
        }
        let steps = (0..<256).map { brightness(ColorMap.viridis(Double($0) / 255)) }
        for (darker, brighter) in zip(steps, steps.dropFirst()) {
            #expect(brighter - darker > -0.5 && brighter - darker < 3)
        }
        #expect(steps[255] - steps[0] > 180)
    }

    @Test("values beyond the ends take the ends, and NaN the first color")
    func beyond() {
        #expect(ColorMap.viridis(-1) == ColorMap.viridis(0))
        #expect(ColorMap.viridis(.infinity) == ColorMap.viridis(1))
        #expect(ColorMap.viridis(.nan) == ColorMap.viridis(0))
    }
}
