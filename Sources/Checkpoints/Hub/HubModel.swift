/// The name of a model on the Hugging Face hub, `OWNER/NAME` or `OWNER/NAME@REVISION`.
package struct HubModel: Hashable, Sendable, CustomStringConvertible {
    /// Who keeps the model.
    package let owner: String
    /// What its owner calls it.
    package let name: String
    /// A branch, a tag, `refs/pr/N`, or a commit.
    package let revision: String

    /// The revision of a name without one.
    package static let mainRevision = "main"

    /// What other programs write before a name: timm, open_clip, and browsers.
    private static let prefixes = ["hf-hub:", "hf_hub:", "https://huggingface.co/"]

    /// Reads a name; nil for what the hub would never call a model, such as a path or a name with `..` in it.
    package init?(_ text: String) {
        let prefix = Self.prefixes.first(where: text.hasPrefix) ?? ""
        let text = text.dropFirst(prefix.count)
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let names = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        let revision = parts.count == 2 ? String(parts[1]) : Self.mainRevision
        guard names.count == 2, names.allSatisfy({ Self.isName($0) }), Self.isRevision(revision) else { return nil }
        (owner, name, self.revision) = (String(names[0]), String(names[1]), revision)
    }

    /// The owner and the name, without the revision.
    package var identifier: String { "\(owner)/\(name)" }

    /// The name as the user gave it.
    package var description: String { revision == Self.mainRevision ? identifier : "\(identifier)@\(revision)" }

    /// The rule of huggingface_hub, utils/_validators.py: `--` stands for the slash in the cache's folders.
    private static func isName(_ part: Substring) -> Bool {
        isWord(part) && part.utf8.count <= 96 && !part.hasPrefix("-") && !part.hasSuffix("-") && !part.hasSuffix(".")
            && !part.contains("--") && !part.contains("..")
    }

    /// Path components that cannot lead out of a folder, for a revision names a file of the cache.
    private static func isRevision(_ text: String) -> Bool {
        text.utf8.count <= 200 && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isWord)
    }

    private static func isWord(_ part: Substring) -> Bool {
        !part.isEmpty && !part.hasPrefix(".")
            && part.utf8.allSatisfy { byte in
                (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
                    || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || "._-".utf8.contains(byte)
            }
    }
}

extension String {
    /// Whether this is the name of a commit: 40 hexadecimal digits.
    package var isCommit: Bool { utf8.count == 40 && isHexadecimal }

    /// Whether this is made of the digits 0 to 9 and a to f alone.
    package var isHexadecimal: Bool { utf8.allSatisfy("0123456789abcdef".utf8.contains) }
}
