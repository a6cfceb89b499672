import Fovea

/// A list of paths that is read as it is needed: a file, or standard input as `-`.
struct PathList {
    private let name: String
    private let lines: LineReader
    private let separator: UInt8

    /// The longest line of a list; no system takes a path of this length.
    private static let lineLimit = 1 << 20

    /// Opens a list; throws category `input` where it cannot be read.
    init(_ path: String, endsWithNull: Bool = false) throws(FoveaError) {
        name = path == "-" ? "standard input" : path
        separator = endsWithNull ? 0 : UInt8(ascii: "\n")
        lines = try LineReader(path, separator: separator, limit: Self.lineLimit)
    }

    /// The number of the line that was read last, from 1; empty lines count.
    var lineNumber: Int { lines.lineCount }

    /// What a list has next.
    enum Item {
        case path(String)
        case notYet
        case end
    }

    /// The next path; empty lines are left out.
    func next(_ patience: Patience = .endless) throws(FoveaError) -> Item {
        while true {
            switch try lines.next(patience) {
            case .end: return .end
            case .notYet: return .notYet
            case .tooLong:
                throw FoveaError(
                    .input, code: "LIST_LINE",
                    "\(name): a line is longer than \(Self.lineLimit) bytes, so this is no list of paths; check what it "
                        + "holds")
            case .line(let bytes):
                var line = bytes[...]
                if line.last == separator { line.removeLast() }
                if separator != 0, line.last == UInt8(ascii: "\r") { line.removeLast() }
                if !line.isEmpty { return .path(String(decoding: line, as: UTF8.self)) }
            }
        }
    }
}
