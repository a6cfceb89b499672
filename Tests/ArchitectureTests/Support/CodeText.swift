/// A Swift or C text whose every byte is known to be code, comment, or the inside of a string.
///
/// Rules speak of code ("no vendor name") or of comments ("the contract header"), never of raw lines: a rule that
/// reads raw lines is broken by the first comment that mentions it.
struct CodeText {
    /// What a byte belongs to.
    enum Kind {
        case code, comment, string
    }

    /// The languages, which differ in nested comments, raw strings and interpolation.
    enum Language {
        case swift, c
    }

    private let bytes: [UInt8]
    private let language: Language
    private var kinds: [Kind]
    /// Bytes with which a comment, a string or a parenthesis may start.
    private static let openers = Set("/\"'#()".utf8)

    /// Classifies the bytes of `text`.
    init(_ text: String, _ language: Language) {
        bytes = Array(text.utf8)
        self.language = language
        kinds = Array(repeating: .code, count: bytes.count)
        _ = scanCode(from: 0, untilParenthesisCloses: false)
    }

    /// The text with all but `kept` blanked, lines and columns unchanged.
    func keeping(_ kept: Kind...) -> String {
        let newline = UInt8(ascii: "\n")
        let visible = zip(bytes, kinds).map { byte, kind in
            byte == newline || kept.contains(kind) ? byte : UInt8(ascii: " ")
        }
        return String(decoding: visible, as: UTF8.self)
    }

    /// The contents of the string literals with the line on which each ends.
    var strings: [(line: Int, text: String)] {
        var found: [(line: Int, text: String)] = []
        var current: [UInt8] = []
        var line = 1
        for (byte, kind) in zip(bytes, kinds) {
            if kind == .string {
                current.append(byte)
            } else if !current.isEmpty {
                found.append((line, String(decoding: current, as: UTF8.self)))
                current = []
            }
            if byte == UInt8(ascii: "\n") { line += 1 }
        }
        return found
    }

    private mutating func scanCode(from start: Int, untilParenthesisCloses: Bool) -> Int {
        var position = start
        var depth = 0
        while position < bytes.count {
            if !Self.openers.contains(bytes[position]) {
                position += 1
            } else if at(position, is: "//") {
                position = scanLineComment(from: position)
            } else if at(position, is: "/*") {
                position = scanBlockComment(from: position)
            } else if let hashes = stringStart(at: position) {
                position = scanString(from: position, hashes: hashes)
            } else {
                if at(position, is: "(") { depth += 1 }
                if at(position, is: ")") {
                    if untilParenthesisCloses && depth == 0 { return position }
                    depth -= 1
                }
                position += 1
            }
        }
        return position
    }

    private mutating func scanLineComment(from start: Int) -> Int {
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        return mark(.comment, start, end)
    }

    private mutating func scanBlockComment(from start: Int) -> Int {
        var position = start + 2
        var depth = 1
        while position < bytes.count && depth > 0 {
            if at(position, is: "*/") {
                depth -= 1
                position += 2
            } else if language == .swift && at(position, is: "/*") {
                depth += 1
                position += 2
            } else {
                position += 1
            }
        }
        return mark(.comment, start, position)
    }

    /// The number of `#` before the quote of a string that starts here; nil where none does.
    private func stringStart(at position: Int) -> Int? {
        var quote = position
        while language == .swift && at(quote, is: "#") { quote += 1 }
        return at(quote, is: "\"") || (language == .c && at(quote, is: "'")) ? quote - position : nil
    }

    /// Marks what lies between the quotes as string; the quotes and what is interpolated remain code.
    private mutating func scanString(from start: Int, hashes: Int) -> Int {
        let hashText = String(repeating: "#", count: hashes)
        let isMultiline = language == .swift && at(start + hashes, is: "\"\"\"")
        let quote = isMultiline ? "\"\"\"" : at(start + hashes, is: "'") ? "'" : "\""
        let escape = "\\" + hashText
        var position = start + hashes + quote.utf8.count
        while position < bytes.count {
            if at(position, is: quote + hashText) { return position + quote.utf8.count + hashes }
            if !isMultiline && at(position, is: "\n") { return position }
            if language == .swift && at(position, is: escape + "(") {
                position = mark(.string, position, position + escape.utf8.count) + 1
                position = scanCode(from: position, untilParenthesisCloses: true) + 1
            } else if at(position, is: escape) {
                position = mark(.string, position, position + escape.utf8.count + 1)
            } else {
                position = mark(.string, position, position + 1)
            }
        }
        return position
    }

    private mutating func mark(_ kind: Kind, _ start: Int, _ end: Int) -> Int {
        let end = min(end, bytes.count)
        for index in start..<max(start, end) { kinds[index] = kind }
        return end
    }

    private func at(_ position: Int, is text: String) -> Bool {
        var position = position
        for byte in text.utf8 {
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
        }
        return true
    }
}

extension String {
    /// The lines with their numbers, from one; empty lines kept.
    var numberedLines: [(number: Int, text: Substring)] {
        split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0.offset + 1, $0.element) }
    }
}

extension Character {
    /// Whether an identifier may contain it.
    var isWordCharacter: Bool { isLetter || isNumber || self == "_" }
}
