import Imaging

/// A picture that is drawn on: rectangles and text.
struct Canvas {
    let width: Int
    let height: Int
    private var bytes: [UInt8]

    static let ink = RGB(gray: 0x22)
    static let faint = RGB(gray: 0xDD)

    /// How many pixels a dot of the font is wide, and how far apart letters begin.
    static let dot = 2
    static let advance = (BitmapFont.width + 1) * dot
    static let textHeight = BitmapFont.height * dot

    /// A white canvas.
    init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        bytes = [UInt8](repeating: 0xFF, count: width * height * 3)
    }

    /// What was drawn.
    var picture: Picture { Picture(size: PixelSize(width: width, height: height), bytes: bytes) }

    /// Fills a rectangle, as far as it lies on the canvas.
    mutating func fill(x: Int, y: Int, width: Int, height: Int, _ color: RGB) {
        for row in max(0, y)..<max(0, y, min(self.height, y + height)) {
            for column in max(0, x)..<max(0, x, min(self.width, x + width)) {
                let start = (row * self.width + column) * 3
                (bytes[start], bytes[start + 1], bytes[start + 2]) = (color.red, color.green, color.blue)
            }
        }
    }

    /// Draws text rightward from its upper left corner.
    mutating func text(_ text: String, x: Int, y: Int, _ color: RGB = ink) {
        for (position, character) in text.enumerated() {
            draw(character, color) { column, row in
                (x + position * Self.advance + column * Self.dot, y + row * Self.dot)
            }
        }
    }

    /// Draws text that ends at `right`.
    mutating func text(_ text: String, right: Int, y: Int, _ color: RGB = ink) {
        self.text(text, x: right - text.count * Self.advance + Self.dot, y: y, color)
    }

    /// Draws text upward, its last letter at `top`.
    mutating func verticalText(_ text: String, x: Int, top: Int, _ color: RGB = ink) {
        let bottom = top + text.count * Self.advance - Self.dot
        for (position, character) in text.enumerated() {
            draw(character, color) { column, row in
                (x + row * Self.dot, bottom - position * Self.advance - (column + 1) * Self.dot)
            }
        }
    }

    /// The width of a text.
    static func width(of text: String) -> Int { text.count * advance }

    private mutating func draw(_ character: Character, _ color: RGB, place: (Int, Int) -> (Int, Int)) {
        for column in 0..<BitmapFont.width {
            for row in 0..<BitmapFont.height where BitmapFont.hasDot(character, column: column, row: row) {
                let (x, y) = place(column, row)
                fill(x: x, y: y, width: Self.dot, height: Self.dot, color)
            }
        }
    }
}
