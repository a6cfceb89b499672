/// Every kernel file states its contract, compiles alone, and keeps the rules that no compiler checks.
enum KernelCheck {
    /// Files that other kernels include: no kernel, so no contract.
    static let shared: Set<String> = ["Kernels/common.cl"]

    /// What a contract header says, one entry each.
    static let entries = ["Launch", "Local", "Numerics", "Work", "Host", "Definition"]

    static func findings(in tree: SourceTree) -> [Finding] {
        tree.paths(in: "Kernels", endingIn: ".cl").flatMap { path in
            let kernel = KernelText(tree.files[path] ?? "")
            let contract = shared.contains(path) ? [] : contractFindings(kernel, path, tree)
            return contract + catalogueFindings(path, tree) + defaultFindings(kernel, path)
                + barrierFindings(kernel, path)
        }
    }

    /// `linear_plain` for `Kernels/linear_plain.cl`.
    static func name(of path: String) -> String {
        String(path.split(separator: "/").last?.prefix { $0 != "." } ?? "")
    }

    // MARK: The contract

    private static func contractFindings(_ kernel: KernelText, _ path: String, _ tree: SourceTree) -> [Finding] {
        let contract = contract(in: kernel.header)
        var problems = entries.filter { contract[$0]?.isEmpty != false }.map { "the header has no line \($0)" }
        let beforeLaunch = kernel.header.prefix { !$0.contains("Launch ") }
        if !beforeLaunch.contains(where: { $0.contains("=") || $0.contains("←") }) {
            problems.append("the header states no formula before Launch")
        }
        let kernels = kernel.functions.filter(\.isKernel)
        if kernels.isEmpty { problems.append("holds no kernel") }
        let described = Set(kernel.header.flatMap(describedArguments))
        problems += Set(kernels.flatMap(\.parameters)).subtracting(described).sorted().map {
            "the header has no line for the argument \($0)"
        }
        problems += fileProblems(contract["Host"], below: "Sources/OpenCLOperations/", tree)
        problems += fileProblems(contract["Definition"], below: "Sources/Operations/", tree)
        return problems.map { Finding(path: path, message: $0) }
    }

    /// The names that a line of the header describes: `gamma, beta  [WIDTH]  float  in` describes two.
    private static func describedArguments(_ line: String) -> [String] {
        let text = line[...].trimmed
        let ends = ["  ", " ["].compactMap { text.firstRange(of: $0)?.lowerBound }
        return text[..<(ends.min() ?? text.startIndex)].split(separator: ",").map { $0.filter(\.isWordCharacter) }
    }

    private static func fileProblems(_ entry: String?, below folder: String, _ tree: SourceTree) -> [String] {
        guard let entry, !entry.isEmpty else { return [] }
        let files = entry.split { $0 == " " || $0 == "," }.filter { $0.hasSuffix(".swift") }
        if files.isEmpty { return ["the header names no Swift file in \"\(entry)\""] }
        return files.compactMap { file in
            let path = file.hasPrefix("Sources/") ? String(file) : "Sources/" + file
            if tree.files[path] == nil { return "the header names \(file), which does not exist" }
            return path.hasPrefix(folder) ? nil : "the header names \(file), which is not in \(folder)"
        }
    }

    /// The entries with their texts.
    ///
    /// An entry opens a line or follows two spaces; it runs on to a blank line or to the
    /// next entry.
    static func contract(in header: [String]) -> [String: String] {
        var found: [String: String] = [:]
        var open: String?
        for line in header {
            if line.allSatisfy(\.isWhitespace) { open = nil }
            var rest = Substring("  " + line)
            while let (entry, range) = firstEntry(in: rest) {
                if let open { found[open, default: ""] += rest[..<range.lowerBound].trimmed + " " }
                open = entry
                rest = rest[range.upperBound...]
            }
            if let open { found[open, default: ""] += rest.trimmed + " " }
        }
        return found.mapValues { $0[...].trimmed }
    }

    private static func firstEntry(in text: Substring) -> (String, Range<Substring.Index>)? {
        entries.compactMap { entry in text.firstRange(of: "  " + entry + " ").map { (entry, $0) } }
            .min { $0.1.lowerBound < $1.1.lowerBound }
    }

    // MARK: The catalogue

    private static func catalogueFindings(_ path: String, _ tree: SourceTree) -> [Finding] {
        let catalogue = CodeText(tree.files["Kernels/Kernels.c"] ?? "", .c)
        let isListed = catalogue.strings.contains { $0.text == name(of: path) + ".cl" }
        return isListed ? [] : [Finding(path: path, message: "is not embedded by Kernels/Kernels.c")]
    }

    // MARK: Macros

    /// A number that the host may set has a guarded default.
    ///
    /// What is derived from others (an expression), or chosen by
    /// a condition, is not for the host to set.
    private static func defaultFindings(_ kernel: KernelText, _ path: String) -> [Finding] {
        var conditions = 0
        return kernel.directives.compactMap { line, text in
            let words = text.split { $0 == " " || $0 == "\t" }
            switch words.first {
            case "if", "ifdef", "ifndef": conditions += 1
            case "endif": conditions -= 1
            case "define" where conditions == 0 && words.count == 3 && isWholeNumber(words[2]):
                return Finding(
                    path: path, line: line, message: "defines \(words[1]) without #ifndef \(words[1]) around it")
            default: break
            }
            return nil
        }
    }

    private static func isWholeNumber(_ text: Substring) -> Bool {
        let digits = text.filter { !"()-uUlL".contains($0) }
        return !digits.isEmpty && (digits.allSatisfy(\.isNumber) || digits.hasPrefix("0x"))
    }

    // MARK: Barriers

    /// No item may leave before a barrier that the others of its group reach, in the kernel or in what it calls.
    private static func barrierFindings(_ kernel: KernelText, _ path: String) -> [Finding] {
        let barriers = barrierNames(in: kernel)
        return kernel.functions.compactMap { function in
            guard let leaving = function.words.firstIndex(where: { $0.text == "return" }),
                function.words[leaving...].contains(where: { barriers.contains($0.text) })
            else { return nil }
            return Finding(
                path: path, line: function.words[leaving].line, message: "\(function.name) returns before a barrier")
        }
    }

    /// The barrier functions of OpenCL C, and the macros and functions of this file that contain one.
    private static func barrierNames(in kernel: KernelText) -> Set<String> {
        var names: Set<String> = ["barrier", "work_group_barrier", "sub_group_barrier"]
        var size = 0
        while size != names.count {
            size = names.count
            for function in kernel.functions where function.words.contains(where: { names.contains($0.text) }) {
                names.insert(function.name)
            }
            for directive in kernel.directives where directive.text.hasPrefix("define ") {
                let name = directive.text.dropFirst("define ".count).prefix(while: \.isWordCharacter)
                if names.contains(where: { directive.text.dropFirst("define ".count + name.count).contains($0) }) {
                    names.insert(String(name))
                }
            }
        }
        return names
    }
}

extension Substring {
    /// Without white space at either end.
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
