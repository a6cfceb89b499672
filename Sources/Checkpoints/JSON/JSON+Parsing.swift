extension JSON {
    /// Reads one value from UTF-8 text, strictly as RFC 8259 has it.
    ///
    /// Refused besides all that is not JSON: duplicate keys, a byte order mark, lone surrogates, numbers beyond the range
    /// of a Double, more than `depthLimit` nested containers (1…512). Keys that differ only by Unicode normalization count
    /// as duplicates.
    package init(parsing bytes: [UInt8], depthLimit: Int = 64) throws(ParseError) {
        var scanner = try JSONScanner<ParseError>(bytes, depthLimit: depthLimit) { $0 }
        self = try Self.value(from: &scanner)
        try scanner.finish()
    }

    /// Reads one value from text, strictly as RFC 8259 has it.
    package init(parsing text: String, depthLimit: Int = 64) throws(ParseError) {
        try self.init(parsing: Array(text.utf8), depthLimit: depthLimit)
    }

    /// Recursion is bounded by the scanner's depth limit.
    private static func value(from scanner: inout JSONScanner<ParseError>) throws(ParseError) -> JSON {
        switch try scanner.peek() {
        case .null:
            try scanner.null()
            return .null
        case .bool: return .bool(try scanner.bool())
        case .number: return .number(try scanner.number())
        case .string: return .string(try scanner.string())
        case .array:
            var elements: [JSON] = []
            try scanner.beginArray()
            while try scanner.nextElement() { elements.append(try value(from: &scanner)) }
            return .array(elements)
        case .object:
            var object = Object()
            try scanner.beginObject()
            while let key = try scanner.nextKey() {
                let offset = scanner.offset
                guard object.insert(try value(from: &scanner), for: key) else {
                    throw scanner.error(
                        "the key '\(key.abbreviated(to: 100))' a second time", kind: .duplicateKey, at: offset)
                }
            }
            return .object(object)
        }
    }
}
