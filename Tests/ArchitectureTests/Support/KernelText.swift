/// A `.cl` file taken apart: the header comment, the macros, the functions.
struct KernelText {
    /// A function with the place of its body in the code.
    struct Function {
        let name: String
        let isKernel: Bool
        let parameters: [String]
        /// Words of the body with their lines, in order.
        let words: [(line: Int, text: String)]
    }

    /// The lines of the comment that opens the file, without the slashes.
    let header: [String]
    /// All lines with comments blanked.
    let lines: [(number: Int, text: Substring)]
    /// The functions, in order.
    let functions: [Function]
    private let branches: [[Int: Int]]

    init(_ text: String) {
        header = text.numberedLines.map(\.text).prefix { $0.hasPrefix("//") }.map { String($0.dropFirst(2)) }
        lines = CodeText(text, .c).keeping(.code, .string).numberedLines
        branches = Self.branches(lines)
        functions = Self.functions(in: Self.withoutDirectives(CodeText(text, .c).keeping(.code)))
    }

    /// Whether no compilation holds both lines: they stand in different branches of one condition.
    func areAlternatives(_ line: Int, _ other: Int) -> Bool {
        branches[line - 1].contains { condition, branch in
            branches[other - 1][condition].map { $0 != branch } ?? false
        }
    }

    /// For each line, the conditions around it and which branch of each it is in.
    private static func branches(
        _ lines: [(number: Int, text: Substring)]
    ) -> [[Int: Int]] {
        var open: [(condition: Int, branch: Int)] = []
        return lines.map { number, line in
            let directive = line.filter { $0 != " " && $0 != "\t" }
            if directive.hasPrefix("#if") {
                open.append((number, 0))
            } else if directive.hasPrefix("#el"), !open.isEmpty {
                open[open.count - 1].branch += 1
            } else if directive.hasPrefix("#endif") {
                _ = open.popLast()
            }
            return Dictionary(uniqueKeysWithValues: open.map { ($0.condition, $0.branch) })
        }
    }

    /// Preprocessor directives, continuation lines joined: number of the first line, and the text after `#`.
    var directives: [(line: Int, text: String)] {
        var found: [(line: Int, text: String)] = []
        var isContinued = false
        for (number, line) in lines {
            let text = line.drop { $0 == " " || $0 == "\t" }
            if isContinued {
                found[found.count - 1].text += " " + text
            } else if text.hasPrefix("#") {
                found.append((number, String(text.dropFirst().drop { $0 == " " || $0 == "\t" })))
            }
            isContinued = (isContinued || text.hasPrefix("#")) && text.hasSuffix("\\")
        }
        return found
    }

    private static func withoutDirectives(_ code: String) -> String {
        var isContinued = false
        return code.numberedLines.map { _, line in
            let isDirective = isContinued || line.drop { $0 == " " || $0 == "\t" }.hasPrefix("#")
            isContinued = isDirective && line.hasSuffix("\\")
            return isDirective ? "" : String(line)
        }.joined(separator: "\n")
    }

    private static func functions(in code: String) -> [Function] {
        var found: [Function] = []
        var signature: [Token] = []
        var body: [Token] = []
        var depth = 0
        for token in tokens(of: code) {
            switch token.text {
            case "{":
                depth += 1
            case "}":
                depth -= 1
                if depth == 0 {
                    if let function = function(signature, body) { found.append(function) }
                    signature = []
                    body = []
                }
            case ";" where depth == 0:
                signature = []
            default:
                if depth == 0 { signature.append(token) } else { body.append(token) }
            }
        }
        return found
    }

    private typealias Token = (line: Int, text: String)

    /// Words and single signs.
    private static func tokens(of code: String) -> [Token] {
        code.numberedLines.flatMap { number, line in
            var found: [Token] = []
            var word = ""
            for character in line + " " {
                if character.isWordCharacter {
                    word.append(character)
                    continue
                }
                if !word.isEmpty { found.append((number, word)) }
                word = ""
                if !character.isWhitespace { found.append((number, String(character))) }
            }
            return found
        }
    }

    /// The function of this signature; nil where it is a type or a table.
    private static func function(_ signature: [Token], _ body: [Token]) -> Function? {
        let words = withoutAttributes(signature.map(\.text))
        guard let open = words.firstIndex(of: "("), open > 0, !words[..<open].contains("=") else { return nil }
        var parameters: [String] = []
        var depth = 0
        var last: String?
        for word in words[open...] {
            switch word {
            case "(": depth += 1
            case ")": depth -= 1
            default: break
            }
            if (word == "," && depth == 1) || depth == 0 {
                if let last, last != "void" { parameters.append(last) }
                last = nil
                if depth == 0 { break }
            } else if word.first?.isWordCharacter == true, word.first?.isNumber == false {
                last = word
            }
        }
        return Function(
            name: words[open - 1], isKernel: words[..<open].contains { $0 == "__kernel" || $0 == "kernel" },
            parameters: parameters, words: body)
    }

    private static func withoutAttributes(_ words: [String]) -> [String] {
        var kept: [String] = []
        var depth = 0
        var isAttribute = false
        for word in words {
            if word == "__attribute__" { isAttribute = true }
            guard isAttribute else {
                kept.append(word)
                continue
            }
            if word == "(" { depth += 1 }
            if word == ")" {
                depth -= 1
                isAttribute = depth > 0
            }
        }
        return kept
    }
}
