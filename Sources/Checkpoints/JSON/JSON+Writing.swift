extension JSON {
    /// How text is laid out.
    package enum Layout: Hashable, Sendable {
        /// No white space at all: one value a line in JSON Lines.
        case compact
        /// One line with a space behind each comma and colon.
        case spaced
        /// Two spaces a level; what fits in 100 columns stays on one line.
        case pretty
    }

    /// The value as JSON text, keys in their order, without a final newline.
    ///
    /// Numbers are written as they were read or by their shortest literal; values that are not finite have become null
    /// when the value was made.
    package func text(_ layout: Layout = .compact) -> String {
        var text = ""
        switch layout {
        case .compact: appendCompact(to: &text, separator: ",", colon: ":")
        case .spaced: appendCompact(to: &text, separator: ", ", colon: ": ")
        case .pretty: appendPretty(to: &text, indentation: 0, used: 0)
        }
        return text
    }

    private func appendCompact(to text: inout String, separator: String, colon: String) {
        switch self {
        case .null: text += "null"
        case .bool(let bool): text += bool ? "true" : "false"
        case .number(let number): text += number.literal
        case .string(let string): Self.appendQuoted(string, to: &text)
        case .array(let elements):
            text += "["
            for (position, element) in elements.enumerated() {
                if position > 0 { text += separator }
                element.appendCompact(to: &text, separator: separator, colon: colon)
            }
            text += "]"
        case .object(let object):
            text += "{"
            for (position, member) in object.members.enumerated() {
                if position > 0 { text += separator }
                Self.appendQuoted(member.key, to: &text)
                text += colon
                member.value.appendCompact(to: &text, separator: separator, colon: colon)
            }
            text += "}"
        }
    }

    /// Appends the value at a column; `used` counts what stands before it on its line.
    private func appendPretty(to text: inout String, indentation: Int, used: Int) {
        var line = ""
        appendCompact(to: &line, separator: ", ", colon: ": ")
        let inner = String(repeating: " ", count: indentation + 2)
        let close = "\n" + String(repeating: " ", count: indentation)
        switch self {
        case .array(let elements) where !elements.isEmpty && used + line.utf8.count > 100:
            for (position, element) in elements.enumerated() {
                text += (position == 0 ? "[\n" : ",\n") + inner
                element.appendPretty(to: &text, indentation: indentation + 2, used: indentation + 2)
            }
            text += close + "]"
        case .object(let object) where !object.members.isEmpty && used + line.utf8.count > 100:
            for (position, member) in object.members.enumerated() {
                var key = ""
                Self.appendQuoted(member.key, to: &key)
                text += (position == 0 ? "{\n" : ",\n") + inner + key + ": "
                member.value.appendPretty(
                    to: &text, indentation: indentation + 2, used: indentation + 4 + key.utf8.count)
            }
            text += close + "}"
        default: text += line
        }
    }

    private static func appendQuoted(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
