/// Why a picture cannot be used.
package struct ImageError: Error, Hashable, Sendable {
    /// A stable name for each kind of failure; scripts and tests may rely on the raw values.
    package enum Code: String, Sendable, CaseIterable {
        /// No bytes at all.
        case empty = "IMG_EMPTY"
        /// Neither JPEG nor PNG nor WebP.
        case format = "IMG_FORMAT"
        /// The bytes end before the picture does.
        case truncated = "IMG_TRUNCATED"
        /// The bytes contradict their format: bad checksum, bad code, zero size.
        case corrupt = "IMG_CORRUPT"
        /// More pixels than the limit.
        case tooLarge = "IMG_TOO_LARGE"
        /// One side more than a thousand times the other.
        case aspect = "IMG_ASPECT"
        /// A JPEG with more scans than any encoder writes.
        case scans = "IMG_SCANS"
        /// A feature of the format that the library does not decode.
        case unsupported = "IMG_UNSUPPORTED"
        /// A file larger than the limit.
        case fileTooLarge = "IMG_FILE_TOO_LARGE"
        /// Decoding took longer than the limit.
        case timeout = "IMG_TIMEOUT"
        /// Not enough memory for the picture.
        case memory = "IMG_MEMORY"
        /// No such file.
        case notFound = "IO_NOT_FOUND"
        /// A directory, pipe, socket or device where a file was expected.
        case notFile = "IO_NOT_FILE"
        /// The file may not be read.
        case permission = "IO_PERM"
        /// The file changed its length while it was read.
        case changed = "IO_CHANGED"
        /// Reading failed.
        case read = "IO_READ"
    }

    /// The kind of failure.
    package let code: Code
    /// The file concerned; nil for bytes that came without a name.
    package let file: String?
    /// One sentence without the file's name: what was found, against what is allowed, and what to do next.
    package let message: String

    /// Makes an error about a file, or about bytes without a name.
    package init(_ code: Code, file: String? = nil, _ message: String) {
        self.code = code
        self.file = file
        self.message = message
    }

    /// The same error about a named file.
    package func about(file: String) -> ImageError { ImageError(code, file: file, message) }
}

extension ImageError: CustomStringConvertible {
    /// The sentence with the file in front; characters that could steer a terminal are escaped.
    package var description: String {
        guard let file else { return message }
        return "\(Self.printable(file)): \(message)"
    }

    /// The text with control and direction-changing characters written as `\u{…}`.
    package static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate:
                result += scalar.escaped(asASCII: true)
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
