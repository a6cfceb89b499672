/// A file is small, named after what is in it, and names no machine.
enum SourceFileCheck {
    static let longest = 500

    /// Files that may be longer, and why.
    static let long: [String: String] = [:]

    /// Machine paths that may stand, and why.
    static let knownPaths: [String: String] = [
        "/tmp/pocl/kcache": "where PoCL compiles when the environment names no other place"
    ]

    /// Names that say nothing, so that anything ends up in them.
    static let emptyNames: Set<String> = [
        "common", "extensions", "helper", "helpers", "misc", "util", "utilities", "utility", "utils",
    ]

    static func findings(in tree: SourceTree) -> [Finding] {
        tree.paths(in: "Sources", endingIn: ".swift").flatMap { path -> [Finding] in
            let lines = tree.files[path]?.split(separator: "\n", omittingEmptySubsequences: false).count ?? 0
            let names = words(of: path).filter { emptyNames.contains($0.lowercased()) }
            return
                (lines > longest + 1 && long[path] == nil
                ? [Finding(path: path, message: "has \(lines - 1) lines; at most \(longest)")] : [])
                + names.map { Finding(path: path, message: "\($0) says nothing of what is in it") }
        }
    }

    /// No committed text names a place that only some machine has.
    ///
    /// - Parameter checkout: The folder in which this checkout lies, which no other has.
    static func machinePathFindings(in tree: SourceTree, checkout: String) -> [Finding] {
        let places = ["/home/", "/root/", "/tmp/", "/Users/"] + (checkout.count > 1 ? [checkout + "/"] : [])
        return tree.files.keys.sorted().filter { !$0.hasPrefix("Tests/") }.flatMap { path in
            let text = tree.files[path] ?? ""
            guard places.contains(where: text.contains) else { return [Finding]() }
            return text.numberedLines.compactMap { number, line in
                guard !knownPaths.keys.contains(where: line.contains) else { return nil }
                return places.first { namesPlace($0, line) }.map {
                    Finding(path: path, line: number, message: "names the machine path \($0)")
                }
            }
        }
    }

    /// Whether the place is spelled as the start of a path: `see /tmp/x` is, `Sources/tmp/x` and `https://x.org/tmp/` not.
    private static func namesPlace(_ place: String, _ line: Substring) -> Bool {
        line.ranges(of: place).contains { range in
            guard let before = line[..<range.lowerBound].last else { return true }
            return !before.isWordCharacter && !"./}-".contains(before)
        }
    }

    /// The words of a path: `Sources`, `Image`, `Utils`, `Crop` for `Sources/ImageUtils+Crop.swift`.
    static func words(of path: String) -> [String] {
        var found: [String] = []
        var last: Character = "/"
        for character in path.split(separator: ".").dropLast().joined(separator: ".") {
            if character.isLetter {
                if !last.isLetter || (character.isUppercase && last.isLowercase) { found.append("") }
                found[found.count - 1].append(character)
            }
            last = character
        }
        return found
    }
}
