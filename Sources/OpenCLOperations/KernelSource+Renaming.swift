extension KernelSource {
    /// A kernel's text in which every name that it defines ends in a suffix, so that it can share a program with others.
    ///
    /// Macros, functions, types and the kernel itself: two specializations of one file then define nothing twice.
    static func renaming(_ text: String, suffix: String) -> String {
        let names = definedNames(in: text)
        let bytes = text.utf8
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 4096)
        var rest = bytes[...]
        while let first = rest.first {
            guard isWordByte(first) else {
                result.append(first)
                rest = rest.dropFirst()
                continue
            }
            let word = rest.prefix(while: isWordByte)
            result += word
            if names.contains(String(Substring(word))) { result += suffix.utf8 }
            rest = rest[word.endIndex...]
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What `#define`, `typedef` and function definitions at the start of a line name.
    private static func definedNames(in text: String) -> Set<String> {
        var names: Set<String> = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let line = line.drop { $0 == space }
            if line.first == UInt8(ascii: "#") {
                let directive = line.dropFirst().drop { $0 == space }
                guard directive.starts(with: "define ".utf8) else { continue }
                let name = directive.dropFirst(7).drop { $0 == space }.prefix(while: isWordByte)
                names.insert(String(Substring(name)))
            } else if line.starts(with: "typedef ".utf8), let semicolon = line.lastIndex(of: UInt8(ascii: ";")) {
                names.insert(lastWord(line[..<semicolon]))
            } else if line.starts(with: "} ".utf8), line.last == UInt8(ascii: ";"), !line.contains(UInt8(ascii: "[")) {
                // Not of a member that is an array.
                names.insert(lastWord(line.dropLast()))
            } else if ["static ", "inline ", "void ", "__kernel "].contains(where: { line.starts(with: $0.utf8) }) {
                names.insert(functionName(in: line))
            }
        }
        return names.subtracting([""])
    }

    /// The word before the first parenthesis that belongs to no attribute; empty for none.
    private static func functionName(in line: Substring.UTF8View) -> String {
        var isInAttribute = false
        var depth = 0
        for index in line.indices {
            switch line[index] {
            case UInt8(ascii: "("):
                if depth == 0 {
                    let word = lastWord(line[..<index])
                    isInAttribute = word == "__attribute__"
                    if !isInAttribute { return word }
                }
                depth += 1
            case UInt8(ascii: ")"): depth -= 1
            default: break
            }
        }
        return ""
    }

    private static let space = UInt8(ascii: " ")

    private static func lastWord(_ text: Substring.UTF8View) -> String {
        var word = text
        while let last = word.last, !isWordByte(last) { word.removeLast() }
        guard let before = word.lastIndex(where: { !isWordByte($0) }) else { return String(Substring(word)) }
        return String(Substring(word[word.index(after: before)...]))
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
