import Kernels

/// The text of a kernel file as a driver gets it.
enum KernelSource {
    /// The text of `Kernels/<name>.cl` with its includes written out and its comments taken away.
    ///
    /// Comments go because some drivers refuse characters beyond ASCII in them, and because an edit of a comment must
    /// not cost users a compilation. Line breaks stay, so that a build log still points at something.
    static func text(of name: String) -> String {
        var included: Set<String> = []
        return expand(name, &included)
    }

    private static func expand(_ name: String, _ included: inout Set<String>) -> String {
        guard included.insert(name).inserted else { return "" }
        guard let source = fovea_kernel_source(name) else {
            preconditionFailure("Kernels.c does not list \(name).cl")
        }
        var result = ""
        for line in String(cString: source).split(separator: "\n", omittingEmptySubsequences: false) {
            let code = withoutComment(line)
            if code.hasPrefix("#include \""), code.hasSuffix(".cl\"") {
                result += expand(String(code.dropFirst(10).dropLast(4)), &included)
            } else {
                result += code
            }
            result += "\n"
        }
        return result
    }

    /// Two strokes within a string are none: `wgmma.cl` writes comments of PTX.
    private static func withoutComment(_ line: Substring) -> String {
        var code = line[...]
        var index = line.startIndex
        var isString = false
        while index < line.endIndex {
            if line[index] == "\"" { isString.toggle() }
            if !isString, line[index...].hasPrefix("//") {
                code = line[..<index]
                break
            }
            index = line.index(after: index)
        }
        while code.last == " " { code.removeLast() }
        return String(code)
    }
}
