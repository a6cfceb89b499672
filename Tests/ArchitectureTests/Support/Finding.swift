/// One place where the tree breaks a rule of the house.
struct Finding: CustomStringConvertible {
    /// The file or folder, relative to the package root.
    let path: String
    /// The line, from one; nil where the whole file is meant.
    var line: Int?
    /// What is wrong, and what to do.
    let message: String

    var description: String {
        line.map { "\(path):\($0): \(message)" } ?? "\(path): \(message)"
    }
}

extension [Finding] {
    /// The findings one below the other, for the message of a failed expectation.
    var report: String {
        map(\.description).joined(separator: "\n")
    }
}
