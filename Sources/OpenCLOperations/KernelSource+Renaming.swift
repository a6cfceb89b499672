extension KernelSource {
    /// A kernel's text in which every name that it defines ends in a suffix, so that it can share a program with others.
    ///
    /// Macros, functions, types and the kernel itself: two specializations of one file then define nothing twice.
    static func renaming(_ text: String, suffix: String) -> String {
        let names = definedNames(in: text)
        var result = ""
        result.reserveCapacity(text.utf8.count + 4096)
        var word = ""
        func finishWord() {
            guard !word.isEmpty else { return }
            result += word
            if names.contains(word) { result += suffix }
            word = ""
        }
        for character in text {
            if isWordCharacter(character) {
                word.append(character)
            } else {
                finishWord()
                result.append(character)
            }
        }
        finishWord()
        return result
    }

    /// What `#define`, `typedef` and function definitions at the start of a line name.
    private static func definedNames(in text: String) -> Set<String> {
        var names: Set<String> = []
        for line in text.split(separator: "\n") {
            let line = line.drop { $0 == " " }
            if line.hasPrefix("#") {
                let directive = line.dropFirst().drop { $0 == " " }
                guard directive.hasPrefix("define ") else { continue }
                names.insert(String(directive.dropFirst(7).drop { $0 == " " }.prefix(while: isWordCharacter)))
            } else if line.hasPrefix("typedef "), let semicolon = line.lastIndex(of: ";") {
                names.insert(lastWord(line[..<semicolon]))
            } else if line.hasPrefix("} "), line.hasSuffix(";") {
                names.insert(lastWord(line.dropLast()))
            } else if ["static ", "inline ", "void ", "__kernel "].contains(where: line.hasPrefix) {
                // The word before the first parenthesis that is no attribute's.
                let signature = line.hasPrefix("__kernel __attribute__") ? "" : line
                if let parenthesis = signature.firstIndex(of: "(") { names.insert(lastWord(signature[..<parenthesis])) }
            }
        }
        return names.subtracting(["", "__attribute__"])
    }

    private static func lastWord(_ text: Substring) -> String {
        String(text.reversed().drop { !isWordCharacter($0) }.prefix(while: isWordCharacter).reversed())
    }

    private static func isWordCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_")
    }
}
