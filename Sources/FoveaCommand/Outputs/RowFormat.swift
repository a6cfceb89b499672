import Checkpoints
import Fovea

/// What a command says of one picture.
protocol PictureRow: Sendable {
    /// The picture as the user named it.
    var input: String { get }
    /// Why there is no answer; nil where there is one.
    var error: FoveaError? { get }
    /// The row as an object: `input`, and the answer or `error` and `code`.
    var json: JSON { get }
}

/// How rows are written, each as soon as it is known.
protocol RowFormat {
    associatedtype Row: PictureRow
    /// What all rows have in common.
    associatedtype Facts

    /// Whether rows can be told apart in a file that was torn.
    var isResumable: Bool { get }
    /// Whether what stands before the first row tells their number, and is written anew at the end.
    var countsRows: Bool { get }
    /// Whether rows do not name their pictures, so that `--resume` needs a list of names beside them.
    var needsNames: Bool { get }

    /// What stands before the first row, when `count` rows are known.
    func beginning(_ facts: Facts, count: Int) -> [UInt8]
    /// The row of the picture at a position.
    func bytes(of row: Row, at position: Int) -> [UInt8]
    /// What stands behind the last row.
    func end(count: Int) -> [UInt8]
    /// The rows of a partial file; throws where it holds something else.
    func earlierRows(_ partial: PartialFile) throws(FoveaError) -> any EarlierRowReader
}

extension RowFormat {
    var countsRows: Bool { false }
    var needsNames: Bool { false }
    func end(count: Int) -> [UInt8] { [] }
}

extension RowFormat where Self: RawRepresentable<String> {
    /// The format that a file's name ends with; nil for none.
    init?(of path: String) {
        guard let dot = path.lastIndex(of: ".") else { return nil }
        self.init(rawValue: path[dot...].dropFirst().lowercased())
    }
}

/// What an interrupted run leaves.
struct PartialFile {
    /// Where its rows lie.
    let path: String
    /// Where the names of their pictures lie, for formats that need them.
    let namesPath: String
    /// Where the command that made them is noted.
    let runPath: String

    /// What an interrupted run has left for an output.
    init(of path: String) throws(FoveaError) {
        self.path = try OutputFile.partialPath(of: path)
        namesPath = try OutputFile.partialPath(of: path, suffix: Self.namesSuffix)
        runPath = try OutputFile.partialPath(of: path, suffix: Self.runSuffix)
    }

    /// What the file of names is called behind the output.
    static let namesSuffix = ".partial.names"
    /// What the note of the command is called behind the output.
    static let runSuffix = ".partial.run"
}
