/// A tensor name in which `*` stands for any run of characters, dots included.
package struct NamePattern: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The pattern as written.
    package let text: String

    /// Makes a pattern such as `pooler.dense.*`.
    package init(_ text: String) { self.text = text }

    /// Makes a pattern from a literal.
    package init(stringLiteral text: String) { self.init(text) }

    /// Whether the whole of a name fits; takes time in proportion to both lengths at worst.
    package func matches(_ name: String) -> Bool {
        let pattern = Array(text.utf8)
        let name = Array(name.utf8)
        var (here, there) = (0, 0)
        // Where the last star stood, and how far the name had been read by what follows it.
        var retry: (pattern: Int, name: Int)?
        while there < name.count {
            if here < pattern.count, pattern[here] == UInt8(ascii: "*") {
                here += 1
                retry = (here, there)
            } else if here < pattern.count, pattern[here] == name[there] {
                here += 1
                there += 1
            } else if let (star, from) = retry {
                here = star
                there = from + 1
                retry = (star, there)
            } else {
                return false
            }
        }
        return pattern[here...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
