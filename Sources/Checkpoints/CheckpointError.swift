/// A file that cannot be read, believed or written: what, where, found against expected, and the next step.
///
/// `description` is one sentence fit for a person; `code` is stable and fit for a program; `details` is the long story
/// (all tensor names, say) that a command prints only when asked.
package struct CheckpointError: Error, Hashable, Sendable {
    /// The stable name of what went wrong.
    package let code: Code
    /// The file as the caller named it, or the name of a region of memory.
    package let file: String
    /// The tensor concerned, where there is one.
    package let tensor: String?
    /// What is wrong, as the rest of a sentence that starts with the file or the tensor.
    package let problem: String
    /// The value found.
    package let found: String?
    /// The value or the limit that was allowed.
    package let expected: String?
    /// What the user should do next.
    package let next: String?
    /// Everything that did not fit in the sentence, one line each.
    package let details: [String]

    /// Describes a failure; `problem` continues the sentence that `file` or `tensor` begins.
    package init(
        _ code: Code, file: String, tensor: String? = nil, _ problem: String, found: String? = nil,
        expected: String? = nil, next: String? = nil, details: [String] = []
    ) {
        self.code = code
        self.file = file
        self.tensor = tensor
        self.problem = problem
        self.found = found
        self.expected = expected
        self.next = next
        self.details = details
    }
}

extension CheckpointError: CustomStringConvertible {
    /// The failure as one sentence, control characters escaped.
    package var description: String {
        var sentence = "\(file): "
        if let tensor { sentence += "tensor '\(tensor.abbreviated(to: 200))' " }
        sentence += problem
        switch (found, expected) {
        case (let found?, let expected?): sentence += ": found \(found), expected \(expected)"
        case (let found?, nil): sentence += ": found \(found)"
        case (nil, let expected?): sentence += ": expected \(expected)"
        case (nil, nil): break
        }
        if let next { sentence += "; \(next)" }
        return sentence.escapingControlCharacters
    }
}

extension String {
    /// The string, its middle left out where it is longer than `limit` characters.
    package func abbreviated(to limit: Int) -> String {
        count <= limit ? self : "\(prefix(limit / 2))…\(suffix(limit / 2))"
    }

    /// The string with C0, C1 and DEL characters as `\u{…}`, so that a file name or a label cannot drive a terminal.
    package var escapingControlCharacters: String {
        guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.properties.generalCategory == .control {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}
