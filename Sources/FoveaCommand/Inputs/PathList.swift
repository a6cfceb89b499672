import Fovea

/// A list of paths that is read as it is needed: a file, or standard input as `-`.
struct PathList {
    private let lines: LineReader
    private let separator: UInt8

    /// Opens a list; throws category `input` where it cannot be read.
    init(_ path: String, endsWithNull: Bool) throws(FoveaError) {
        separator = endsWithNull ? 0 : UInt8(ascii: "\n")
        lines = try LineReader(path, separator: separator)
    }

    /// The next path; nil after the last.
    ///
    /// Empty lines are left out.
    func next() throws(FoveaError) -> String? {
        while var line = try lines.next()?[...] {
            if line.last == separator { line.removeLast() }
            if separator != 0, line.last == UInt8(ascii: "\r") { line.removeLast() }
            if !line.isEmpty { return String(decoding: line, as: UTF8.self) }
        }
        return nil
    }
}
