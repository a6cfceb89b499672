/// A model's configuration file, read strictly, with typed access whose errors name the field.
///
/// A field that is absent or null reads as nil; a field of another type throws CFG_TYPE. Paths lead through objects:
/// `configuration.double("pretrained_cfg", "crop_pct")`.
package struct Configuration: Hashable, Sendable {
    /// The file as messages call it.
    package let file: String
    /// Everything in it.
    package let root: JSON

    /// The longest file that is read: 4 MiB, room for the labels of 21,841 classes.
    package static let sizeLimit = 4 << 20

    /// Reads a file.
    ///
    /// Throws CFG_MISSING where it does not exist, other IO_* where it cannot be read, CFG_LIMIT, CFG_UTF8, CFG_NUMBER
    /// (1e400) and CFG_JSON with line and column.
    package init(contentsOf path: String) throws(CheckpointError) {
        let source: ByteSource
        do throws(CheckpointError) {
            source = .file(try InputFile(path))
        } catch {
            guard error.code == .fileNotFound else { throw error }
            throw CheckpointError(
                .configurationMissing, file: path, "does not exist", next: "put it beside the weights")
        }
        guard source.size <= Self.sizeLimit else {
            throw CheckpointError(
                .configurationLimit, file: path, "is too long for a configuration", found: "\(source.size) bytes",
                expected: "at most \(Self.sizeLimit)")
        }
        try self.init(parsing: try source.bytes(in: 0..<source.size), file: path)
        try source.checkUnchanged()
    }

    /// Reads configuration text; `file` is what messages call it.
    package init(parsing bytes: [UInt8], file: String) throws(CheckpointError) {
        do throws(JSON.ParseError) {
            root = try JSON(parsing: bytes)
        } catch {
            let code: CheckpointError.Code =
                switch error.kind {
                case .syntax, .duplicateKey, .depth: .configurationJSON
                case .encoding: .configurationUTF8
                case .number: .configurationNumber
                }
            throw CheckpointError(code, file: file, "is not valid JSON at \(error)", next: "correct it there")
        }
        self.file = file
        guard case .object = root else {
            throw CheckpointError(
                .configurationJSON, file: file, "is not a configuration", found: root.kindName, expected: "an object")
        }
    }

    /// Wraps a value that is already in memory.
    package init(_ root: JSON, file: String) {
        self.root = root
        self.file = file
    }

    /// The value of a field; nil where it, or an object on the way, is absent or null.
    package func value(_ path: String...) -> JSON? { value(at: path) }

    /// The part of the configuration under a field; throws CFG_TYPE where the field is not an object.
    package func section(_ path: String...) throws(CheckpointError) -> Configuration? {
        try typed(path, "an object") { $0.object.map(JSON.object) }.map { Configuration($0, file: file) }
    }

    /// An integer field.
    package func integer(_ path: String...) throws(CheckpointError) -> Int? {
        try typed(path, "an integer", \.integer)
    }

    /// A field with any number.
    package func double(_ path: String...) throws(CheckpointError) -> Double? {
        try typed(path, "a number", \.double)
    }

    /// A text field.
    package func string(_ path: String...) throws(CheckpointError) -> String? {
        try typed(path, "a string", \.string)
    }

    /// A truth value.
    package func bool(_ path: String...) throws(CheckpointError) -> Bool? {
        try typed(path, "true or false", \.bool)
    }

    /// A list of integers.
    package func integers(_ path: String...) throws(CheckpointError) -> [Int]? {
        try typed(path, "a list of integers", \.integers)
    }

    /// A list of numbers.
    package func doubles(_ path: String...) throws(CheckpointError) -> [Double]? {
        try typed(path, "a list of numbers", \.doubles)
    }

    /// The error for a field whose value is no use; the code says in what way.
    package func rejecting(
        _ path: String..., code: CheckpointError.Code, found: String? = nil, expected: String, next: String? = nil
    ) -> CheckpointError {
        rejection(path, code: code, found: found, expected: expected, next: next)
    }

    private func value(at path: [String]) -> JSON? {
        var value = root
        for key in path {
            guard let next = value[key], !next.isNull else { return nil }
            value = next
        }
        return value
    }

    private func typed<Value>(
        _ path: [String], _ expected: String, _ read: (JSON) -> Value?
    ) throws(CheckpointError) -> Value? {
        guard let json = value(at: path) else { return nil }
        guard let value = read(json) else {
            throw rejection(path, code: .configurationType, found: nil, expected: expected, next: nil)
        }
        return value
    }

    private func rejection(
        _ path: [String], code: CheckpointError.Code, found: String?, expected: String, next: String?
    ) -> CheckpointError {
        let value = value(at: path)
        return CheckpointError(
            code, file: file, "has a field '\(path.joined(separator: "."))' that cannot be used",
            found: found ?? value.map { $0.text().abbreviated(to: 80) } ?? "nothing", expected: expected,
            next: next ?? "correct the field")
    }
}
