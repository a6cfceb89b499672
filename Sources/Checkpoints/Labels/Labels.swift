/// The names of a model's classes, by index.
package struct Labels: Hashable, Sendable {
    /// One class.
    package struct Label: Hashable, Sendable {
        /// The name the model's authors use: `n02123045` or `cat`; empty where the file had an empty line.
        package let name: String
        /// A longer name, where there is one: `tabby, tabby cat`.
        package let description: String?

        /// Makes a label.
        package init(_ name: String, description: String? = nil) {
            self.name = name
            self.description = description
        }
    }

    /// The classes in the order of the model's logits.
    package let labels: [Label]

    /// Wraps labels in the order of the logits.
    package init(_ labels: [Label]) { self.labels = labels }

    /// How many classes have a label.
    package var count: Int { labels.count }

    /// The label of a class; nil beyond the last.
    package subscript(index: Int) -> Label? { labels.indices.contains(index) ? labels[index] : nil }

    /// The limits that label files are held to.
    enum Limit {
        static let fileBytes = 16 << 20
        static let lineBytes = 1024
    }

    /// Throws LABELS_COUNT unless there is one label for each class of the model.
    package func check(classes: Int, file: String) throws(CheckpointError) {
        guard count == classes else {
            throw CheckpointError(
                .labelsCount, file: file, "does not have one label for each class", found: "\(count) labels",
                expected: "\(classes)", next: "use the label list of this very model")
        }
    }
}

// MARK: - Text files

extension Labels {
    /// Reads a text file with one label a line.
    ///
    /// A byte order mark and carriage returns are stripped; an empty line is an empty label, except after the last line
    /// break. Where every line begins with a WordNet number (`n02123045 tabby, tabby cat`), number and words become name and
    /// description. Throws LABELS_UTF8 with the line, LABELS_LIMIT above 16 MiB or 1 KiB a line, and IO_*.
    package init(contentsOf path: String) throws(CheckpointError) {
        let source = ByteSource.file(try InputFile(path))
        guard source.size <= Limit.fileBytes else {
            throw CheckpointError(
                .labelsLimit, file: path, "is too long for a list of labels", found: "\(source.size) bytes",
                expected: "at most \(Limit.fileBytes)")
        }
        try self.init(parsing: try source.bytes(in: 0..<source.size), file: path)
        try source.checkUnchanged()
    }

    /// Reads label text, one label a line; `file` is what messages call it.
    package init(parsing bytes: [UInt8], file: String) throws(CheckpointError) {
        if let malformed = UTF8.firstMalformedOffset(in: bytes) {
            let line = bytes[..<malformed].reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
            throw CheckpointError(
                .labelsUTF8, file: file, "is not UTF-8", found: "byte \(bytes[malformed]) in line \(line)",
                next: "save it as UTF-8")
        }
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        var names: [String] = []
        for (number, line) in lines.enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard line.count <= Limit.lineBytes else {
                throw CheckpointError(
                    .labelsLimit, file: file, "has too long a line", found: "\(line.count) bytes in line \(number + 1)",
                    expected: "at most \(Limit.lineBytes)")
            }
            names.append(String(decoding: line, as: UTF8.self))
        }
        let synsets = names.compactMap(Self.synset)
        labels = !names.isEmpty && synsets.count == names.count ? synsets : names.map { Label($0) }
    }

    /// The label of a line such as `n02123045 tabby, tabby cat`; nil for any other line.
    private static func synset(_ line: String) -> Label? {
        let name = line.prefix(9)
        guard name.utf8.count == 9, name.first == "n",
            name.utf8.dropFirst().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            line.count > 10, line.dropFirst(9).first == " "
        else { return nil }
        return Label(String(name), description: String(line.dropFirst(10)))
    }
}
