/// Every kernel file states its contract, compiles alone, and keeps the rules that no compiler checks.
enum KernelCheck {
    /// What a contract header says, one entry each.
    static let entries = ["Launch", "Local", "Numerics", "Work", "Host", "Definition"]

    static func findings(in tree: SourceTree) -> [Finding] {
        tree.paths(in: "Kernels", endingIn: ".cl").flatMap { path in
            let kernel = KernelText(tree.files[path] ?? "")
            let contract = isShared(kernel, path, tree) ? [] : contractFindings(kernel, path, tree)
            return contract + catalogueFindings(path, tree) + defaultFindings(kernel, path)
                + barrierFindings(kernel, path)
        }
    }

    /// `linear_plain` for `Kernels/linear_plain.cl`.
    static func name(of path: String) -> String {
        String(path.split(separator: "/").last?.prefix { $0 != "." } ?? "")
    }

    /// Whether the file is text for other kernels to include: it holds none, and so has no contract.
    private static func isShared(_ kernel: KernelText, _ path: String, _ tree: SourceTree) -> Bool {
        let include = "#include \"\(name(of: path)).cl\""
        return !kernel.functions.contains(where: \.isKernel)
            && tree.paths(in: "Kernels", endingIn: ".cl").contains { tree.files[$0]?.contains(include) == true }
    }

    // MARK: The contract

    private static func contractFindings(_ kernel: KernelText, _ path: String, _ tree: SourceTree) -> [Finding] {
        let contract = contract(in: kernel.header)
        var problems = entries.filter { contract[$0]?.isEmpty != false }.map { "the header has no line \($0)" }
        if !statesFormula(kernel.header, tree) {
            problems.append("the header states no formula, and names no kernel of which this is the plain twin")
        }
        let kernels = kernel.functions.filter(\.isKernel)
        if kernels.isEmpty { problems.append("holds no kernel") }
        let described = Set(kernel.header.flatMap(describedArguments))
        problems += Set(kernels.flatMap(\.parameters)).subtracting(described).sorted().map {
            "the header has no line for the argument \($0)"
        }
        problems += fileProblems(contract["Host"], below: "Sources/OpenCLOperations/", tree)
        if !measuresDevice(contract) {
            problems += fileProblems(contract["Definition"], below: "Sources/Operations/", tree)
        }
        return problems.map { Finding(path: path, message: $0) }
    }

    /// Whether the kernel is there for its time alone: it then has no definition, and its host is no operation.
    private static func measuresDevice(_ contract: [String: String]) -> Bool {
        contract["Definition"]?.hasPrefix("none: ") == true
            && contract["Host"]?.hasPrefix("Sources/OpenCLOperations/Roofline/") == true
    }

    /// Whether a line above Launch computes something, or refers to the kernel whose formula it shares.
    private static func statesFormula(_ header: [String], _ tree: SourceTree) -> Bool {
        let lines = header.prefix { !("  " + $0).contains("  Launch ") }.filter { describedArguments($0).isEmpty }
        let text = lines.joined(separator: "\n")
        if let range = text.firstRange(of: "the plain twin of ") {
            let twin = text[range.upperBound...].prefix(while: \.isWordCharacter)
            return tree.files["Kernels/\(twin).cl"] != nil
        }
        return text.contains { "=←·/Σ√⊙".contains($0) }
    }

    /// The names that a line of the header describes: `gamma, beta  [WIDTH]  float  in` describes two.
    private static func describedArguments(_ line: String) -> [String] {
        let text = line[...].trimmed
        guard let end = ["  ", " ["].compactMap({ text.firstRange(of: $0)?.lowerBound }).min() else { return [] }
        let names = text[..<end].split(separator: ",").map { $0[...].trimmed }
        return names.allSatisfy { $0.allSatisfy(\.isWordCharacter) } ? names : []
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
    /// a condition, or pinned with `#undef`, is not for the host to set.
    private static func defaultFindings(_ kernel: KernelText, _ path: String) -> [Finding] {
        var conditions = 0
        var pinned: Set<Substring> = []
        return kernel.directives.compactMap { line, text in
            let words = text.split { $0 == " " || $0 == "\t" }
            switch words.first {
            case "if", "ifdef", "ifndef": conditions += 1
            case "endif": conditions -= 1
            case "undef" where words.count == 2: pinned.insert(words[1])
            case "define" where words.count == 3 && conditions == 0 && isWholeNumber(words[2]):
                guard !pinned.contains(words[1]) else { return nil }
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
        return kernel.functions.flatMap { function in
            function.words.indices.compactMap { index in
                let word = function.words[index]
                guard word.text == "return" else { return nil }
                let isFollowed = function.words[index...].contains {
                    barriers.contains($0.text) && !kernel.areAlternatives(word.line, $0.line)
                }
                let message = "\(function.name) returns before a barrier"
                return isFollowed ? Finding(path: path, line: word.line, message: message) : nil
            }
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
