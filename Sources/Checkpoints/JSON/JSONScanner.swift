/// Walks JSON text left to right without building a tree, so that a hostile header costs no more memory than its text.
///
/// Every failure passes through one closure, which makes it the caller's own error type.
struct JSONScanner<Failure: Error> {
    /// What the next value is, by its first byte.
    enum Kind { case object, array, string, number, bool, null }

    /// What may follow the value.
    enum Padding { case whitespace, spaces }

    private let bytes: [UInt8]
    private let depthLimit: Int
    private let failure: (JSON.ParseError) -> Failure
    private var depth = 0
    /// Whether a container has just been opened, so that no comma is due.
    private var isAtStart = false
    /// The next byte to read.
    private(set) var offset = 0

    /// Starts at the first value; containers may nest `depthLimit` deep.
    ///
    /// Throws where the text is not UTF-8 or starts with a byte order mark.
    init(
        _ bytes: [UInt8], depthLimit: Int, failure: @escaping (JSON.ParseError) -> Failure
    ) throws(Failure) {
        precondition((1...512).contains(depthLimit), "depth limit \(depthLimit)")
        self.bytes = bytes
        self.depthLimit = depthLimit
        self.failure = failure
        if let malformed = UTF8.firstMalformedOffset(in: bytes) {
            throw error("malformed UTF-8", kind: .encoding, at: malformed)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw error("a byte order mark before the text", kind: .encoding, at: 0)
        }
    }

    /// An error at a place, in the caller's type.
    func error(_ message: String, kind: JSON.ParseError.Kind = .syntax, at offset: Int) -> Failure {
        failure(JSON.ParseError(kind, message, at: offset, of: bytes))
    }

    /// What comes next.
    mutating func peek() throws(Failure) -> Kind {
        skipWhitespace()
        switch current {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"): return .number
        case let digit? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: throw error("expected a value, found \(found)", at: offset)
        }
    }

    /// Enters an object; `nextKey` then leads through it.
    mutating func beginObject() throws(Failure) { try open(UInt8(ascii: "{")) }

    /// Enters an array; `nextElement` then leads through it.
    mutating func beginArray() throws(Failure) { try open(UInt8(ascii: "[")) }

    /// The next key of the object entered last, its value coming next; nil at the object's end.
    mutating func nextKey() throws(Failure) -> String? {
        guard try advance(until: UInt8(ascii: "}")) else { return nil }
        guard current == UInt8(ascii: "\"") else {
            throw error("expected a key in double quotes, found \(found)", at: offset)
        }
        let key = try string()
        skipWhitespace()
        try expect(UInt8(ascii: ":"), "expected ':' after the key")
        return key
    }

    /// Whether the array entered last has one more element; false at its end, which is then behind.
    mutating func nextElement() throws(Failure) -> Bool { try advance(until: UInt8(ascii: "]")) }

    /// Reads `true` or `false`.
    mutating func bool() throws(Failure) -> Bool {
        let value = current == UInt8(ascii: "t")
        try literal(value ? "true" : "false")
        return value
    }

    /// Reads `null`.
    mutating func null() throws(Failure) { try literal("null") }

    /// Reads one value of any kind and forgets it.
    mutating func skipValue() throws(Failure) {
        switch try peek() {
        case .object:
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
        case .string: _ = try string()
        case .number: _ = try number()
        case .bool: _ = try bool()
        case .null: try null()
        }
    }

    /// Throws unless nothing but padding follows.
    mutating func finish(_ padding: Padding = .whitespace) throws(Failure) {
        switch padding {
        case .whitespace: skipWhitespace()
        case .spaces: while current == UInt8(ascii: " ") { offset += 1 }
        }
        guard offset == bytes.count else { throw error("expected the end, found \(found)", at: offset) }
    }
}

// MARK: - Punctuation

extension JSONScanner {
    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private var found: String {
        guard let current else { return "the end of the text" }
        guard (0x21...0x7E).contains(current) else { return "byte 0x" + String(current, radix: 16) }
        return "'\(Character(UnicodeScalar(current)))'"
    }

    private mutating func skipWhitespace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func expect(_ byte: UInt8, _ message: String) throws(Failure) {
        guard current == byte else { throw error("\(message), found \(found)", at: offset) }
        offset += 1
    }

    private mutating func open(_ bracket: UInt8) throws(Failure) {
        skipWhitespace()
        guard depth < depthLimit else {
            throw error("nested more than \(depthLimit) deep", kind: .depth, at: offset)
        }
        try expect(bracket, "expected '\(Character(UnicodeScalar(bracket)))'")
        depth += 1
        isAtStart = true
    }

    /// Moves to the next member or element, past the comma that is due; false past the closing bracket.
    private mutating func advance(until bracket: UInt8) throws(Failure) -> Bool {
        skipWhitespace()
        defer { isAtStart = false }
        if current == bracket {
            offset += 1
            depth -= 1
            return false
        }
        if !isAtStart {
            try expect(UInt8(ascii: ","), "expected ',' or '\(Character(UnicodeScalar(bracket)))'")
            skipWhitespace()
            if current == bracket { throw error("a comma before \(found)", at: offset) }
        }
        return true
    }

    private mutating func literal(_ text: StaticString) throws(Failure) {
        let start = offset
        for position in 0..<text.utf8CodeUnitCount {
            guard current == text.withUTF8Buffer({ $0[position] }) else {
                throw error("expected \(text), found \(found)", at: start)
            }
            offset += 1
        }
    }
}

// MARK: - Numbers and strings

extension JSONScanner {
    /// Reads a number; its literal has at most 1024 characters.
    mutating func number() throws(Failure) -> JSON.Number {
        let start = offset
        if current == UInt8(ascii: "-") { offset += 1 }
        if current == UInt8(ascii: "0") {
            offset += 1
        } else {
            try digits()
        }
        if current == UInt8(ascii: ".") {
            offset += 1
            try digits()
        }
        let hasExponent = current == UInt8(ascii: "e") || current == UInt8(ascii: "E")
        if hasExponent {
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            try digits()
        }
        guard offset - start <= 1024 else {
            throw error("a number of \(offset - start) characters, expected at most 1024", kind: .number, at: start)
        }
        let number = JSON.Number(literal: String(decoding: bytes[start..<offset], as: UTF8.self))
        // The greatest Double has 309 digits: fewer, without an exponent, need no closer look.
        guard (!hasExponent && offset - start < 300) || number.double.isFinite else {
            let literal = number.literal.abbreviated(to: 40)
            throw error("\(literal) is beyond the range of a Double", kind: .number, at: start)
        }
        return number
    }

    private mutating func digits() throws(Failure) {
        let start = offset
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        guard offset > start else { throw error("expected a digit, found \(found)", at: offset) }
    }

    /// Reads a string and unescapes it.
    mutating func string() throws(Failure) -> String {
        try expect(UInt8(ascii: "\""), "expected a string")
        let start = offset
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { offset += 1 }
        var text = String(decoding: bytes[start..<offset], as: UTF8.self)
        while true {
            let run = offset
            switch current {
            case UInt8(ascii: "\""):
                offset += 1
                return text
            case UInt8(ascii: "\\"):
                text.unicodeScalars.append(try escape())
            case let byte? where byte >= 0x20:
                while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
                    offset += 1
                }
                text += String(decoding: bytes[run..<offset], as: UTF8.self)
            case nil: throw error("a string without its closing quote", at: start - 1)
            default: throw error("a control character in a string, found \(found)", at: offset)
            }
        }
    }

    private mutating func escape() throws(Failure) -> Unicode.Scalar {
        let start = offset
        offset += 1
        let byte = current
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte ?? 0)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape(from: start)
        default: throw error("an unknown escape in a string", at: start)
        }
    }

    /// The scalar of `\uXXXX`, or of two of them that form a surrogate pair.
    private mutating func unicodeEscape(from start: Int) throws(Failure) -> Unicode.Scalar {
        let high = try hexadecimal()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, current == UInt8(ascii: "\\") else { throw error("a lone surrogate", at: start) }
        offset += 1
        guard current == UInt8(ascii: "u") else { throw error("a lone surrogate", at: start) }
        offset += 1
        let low = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { throw error("a lone surrogate", at: start) }
        return scalar
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
                throw error("expected four hexadecimal digits, found \(found)", at: offset)
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}
