import Kernels

/// The text of a kernel file as a driver gets it.
enum KernelSource {
    /// The text of `Kernels/<name>.cl` with its includes written out and its comments taken away.
    ///
    /// Comments go because some drivers refuse characters beyond ASCII in them, and because an edit of a comment must
    /// not cost users a compilation. Line breaks stay, so that a build log still points at something.
    static func text(of name: String) -> String {
        var included: Set<String> = []
        var text: [UInt8] = []
        expand(name, &included, into: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Byte by byte, as all that is done to a kernel's text: every start of the program waits for it.
    private static func expand(_ name: String, _ included: inout Set<String>, into text: inout [UInt8]) {
        guard included.insert(name).inserted else { return }
        guard let source = fovea_kernel_source(name) else {
            preconditionFailure("Kernels.c does not list \(name).cl")
        }
        for line in String(cString: source).utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        {
            let code = withoutComment(line)
            if code.starts(with: "#include \"".utf8), code.suffix(4).elementsEqual(".cl\"".utf8) {
                expand(String(Substring(code.dropFirst(10).dropLast(4))), &included, into: &text)
            } else {
                text += code
            }
            text.append(UInt8(ascii: "\n"))
        }
    }

    /// Two strokes within a string are none: `wgmma.cl` writes comments of PTX.
    private static func withoutComment(_ line: Substring.UTF8View) -> Substring.UTF8View {
        var code = line
        var isString = false
        var hasStroke = false
        for index in line.indices {
            let byte = line[index]
            if byte == UInt8(ascii: "\"") { isString.toggle() }
            let isStroke = byte == UInt8(ascii: "/") && !isString
            if isStroke, hasStroke {
                code = line[..<line.index(before: index)]
                break
            }
            hasStroke = isStroke
        }
        while code.last == UInt8(ascii: " ") { code.removeLast() }
        return code
    }
}
