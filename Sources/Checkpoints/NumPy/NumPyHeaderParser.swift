/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, and nothing else of Python.
struct NumPyHeaderParser {
    /// What the dictionary says.
    struct Fields {
        var description: String
        var isFortranOrder: Bool
        var dimensions: [Int]
    }

    private let text: [UInt8]
    private let file: String
    private var offset = 0

    init(_ text: [UInt8], file: String) {
        self.text = text
        self.file = file
    }

    /// Reads the whole header; the three keys must be there, once each, and no other.
    mutating func parse() throws(CheckpointError) -> Fields {
        var description: String?
        var isFortranOrder: Bool?
        var dimensions: [Int]?
        try expect("{")
        while !takes("}") {
            let key = try string()
            try expect(":")
            switch key {
            case "descr" where description == nil: description = try typeString()
            case "fortran_order" where isFortranOrder == nil: isFortranOrder = try bool()
            case "shape" where dimensions == nil: dimensions = try tuple()
            default: throw malformed("an unexpected key '\(key.abbreviated(to: 40))'")
            }
            guard takes(",") || current == UInt8(ascii: "}") else { throw malformed("expected ',' or '}'") }
        }
        skipWhitespace()
        guard offset == text.count else { throw malformed("something behind the dictionary") }
        guard let description, let isFortranOrder, let dimensions else {
            throw malformed("expected descr, fortran_order and shape")
        }
        return Fields(description: description, isFortranOrder: isFortranOrder, dimensions: dimensions)
    }

    private func malformed(_ message: String) -> CheckpointError {
        CheckpointError(
            .numPyHeader, file: file, "has a malformed header at its byte \(offset): \(message)",
            next: "save it with numpy.save")
    }

    private var current: UInt8? { offset < text.count ? text[offset] : nil }

    private mutating func skipWhitespace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func takes(_ character: UnicodeScalar) -> Bool {
        skipWhitespace()
        guard current == UInt8(ascii: character) else { return false }
        offset += 1
        skipWhitespace()
        return true
    }

    private mutating func expect(_ character: UnicodeScalar) throws(CheckpointError) {
        guard takes(character) else { throw malformed("expected '\(character)'") }
    }

    /// A quoted string without escapes.
    private mutating func string() throws(CheckpointError) -> String {
        skipWhitespace()
        guard let quote = current, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw malformed("expected a string")
        }
        let start = offset + 1
        offset = start
        while let byte = current, byte != quote {
            guard (0x20...0x7E).contains(byte), byte != UInt8(ascii: "\\") else {
                throw malformed("a character in a string that NumPy does not write")
            }
            offset += 1
        }
        guard current == quote else { throw malformed("a string without its closing quote") }
        defer { offset += 1 }
        return String(decoding: text[start..<offset], as: UTF8.self)
    }

    private mutating func typeString() throws(CheckpointError) -> String {
        guard current != UInt8(ascii: "["), current != UInt8(ascii: "(") else {
            throw CheckpointError(
                .numPyObject, file: file, "holds structures, which are not read", expected: "an array of numbers",
                next: "save each field as an array of its own")
        }
        return try string()
    }

    private mutating func bool() throws(CheckpointError) -> Bool {
        for (word, value) in [("True", true), ("False", false)] where text[offset...].starts(with: word.utf8) {
            offset += word.utf8.count
            return value
        }
        throw malformed("expected True or False")
    }

    private mutating func tuple() throws(CheckpointError) -> [Int] {
        try expect("(")
        var lengths: [Int] = []
        while !takes(")") {
            let start = offset
            while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
            guard let length = Int(String(decoding: text[start..<offset], as: UTF8.self)), lengths.count < 64 else {
                throw malformed("expected at most 64 lengths from 0 to \(Int.max)")
            }
            lengths.append(length)
            // A tuple of one is written with a comma; without it, it is a number in parentheses.
            let hasComma = takes(",")
            guard hasComma || (current == UInt8(ascii: ")") && lengths.count > 1) else {
                throw malformed("expected ',' or ')'")
            }
        }
        return lengths
    }
}
