/// Nothing lets a compiler bend arithmetic: infinities, order of summation and rounding stay as written.
enum MathOptionCheck {
    /// Build options of OpenCL C and of C compilers that do.
    static let options = [
        "-cl-fast-relaxed-math", "-cl-finite-math-only", "-cl-unsafe-math-optimizations", "-cl-mad-enable",
        "-cl-no-signed-zeros", "-cl-denorms-are-zero", "-cl-single-precision-constant", "-ffast-math", "-Ofast",
    ]

    static func findings(in tree: SourceTree) -> [Finding] {
        let hosts = tree.paths(in: "Sources", endingIn: ".swift").map { ($0, CodeText.Language.swift) }
        let c = (tree.paths(in: "Sources", endingIn: ".c", ".h") + tree.paths(in: "Kernels", endingIn: ".c", ".h"))
        let texts = hosts + c.map { ($0, CodeText.Language.c) } + [("Package.swift", .swift)]
        let asked = texts.flatMap { path, language in
            let text = CodeText(tree.files[path] ?? "", language).keeping(.code, .string)
            return text.numberedLines.flatMap { number, line in
                options.filter { line.contains($0) }.map {
                    Finding(path: path, line: number, message: "builds with \($0), which relaxes arithmetic")
                }
            }
        }
        return asked + tree.paths(in: "Kernels", endingIn: ".cl").flatMap { pragmaFindings($0, tree) }
    }

    private static func pragmaFindings(_ path: String, _ tree: SourceTree) -> [Finding] {
        KernelText(tree.files[path] ?? "").directives.compactMap { line, text in
            guard text.hasPrefix("pragma"), relaxes(text) else { return nil }
            return Finding(path: path, line: line, message: "#\(text) relaxes arithmetic")
        }
    }

    /// `FP_CONTRACT ON`, `clang fp reassociate(on)`, `float_control(precise, off)` and their like.
    private static func relaxes(_ pragma: String) -> Bool {
        let words = pragma.lowercased().split { !$0.isWordCharacter }
        let switches: Set<Substring> = ["fp_contract", "contract", "reassociate", "reciprocal"]
        if words.contains("float_control") { return words.contains("precise") && words.contains("off") }
        return words.contains(where: switches.contains) && ["on", "fast", "default"].contains(words.last)
    }
}
