extension JSON {
    /// Why a text is not JSON, and where.
    package struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
        /// The rule that was broken.
        package enum Kind: Hashable, Sendable {
            /// Not the grammar: trailing comma, comment, NaN, lone surrogate, text after the value.
            case syntax
            /// The same key twice in one object.
            case duplicateKey
            /// Nested deeper than allowed.
            case depth
            /// Not UTF-8, or opened by a byte order mark.
            case encoding
            /// A number no Double can hold, such as 1e400.
            case number
        }

        /// The rule that was broken.
        package let kind: Kind
        /// Where, in bytes from the start of the text.
        package let offset: Int
        /// The line, from 1.
        package let line: Int
        /// The byte within the line, from 1.
        package let column: Int
        /// What was found and what was expected there.
        package let message: String

        init(_ kind: Kind, _ message: String, at offset: Int, of bytes: [UInt8]) {
            let before = bytes.prefix(offset)
            self.kind = kind
            self.message = message
            self.offset = offset
            line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
            column = offset - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) + 1
        }

        /// The message behind its place.
        package var description: String { "line \(line), column \(column) (byte \(offset)): \(message)" }
    }
}
