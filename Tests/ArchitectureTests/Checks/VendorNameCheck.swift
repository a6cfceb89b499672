/// Only `Quirks.swift` knows who made a device.
///
/// A branch on a vendor elsewhere is a quirk without its row, its evidence and its test. Comments may name whom they
/// like.
enum VendorNameCheck {
    static let home = "Sources/OpenCLOperations/Quirks.swift"

    static let names = [
        "NVIDIA", "GeForce", "AMD", "Radeon", "Intel", "Arm", "Mali", "Qualcomm", "Adreno", "PowerVR", "PoCL",
        "Oclgrind", "Rusticl", "Clover", "llvmpipe", "Mesa",
    ]

    /// Names that are also words of English when nothing in them is a capital.
    static let words: Set<String> = ["arm"]

    /// Other files that may name a vendor, and why.
    static let otherHomes: [String: String] = [
        "Sources/OpenCLRuntime/DriverCache.swift":
            "where a driver keeps its own files, asked before any device is known; no kernel depends on it"
    ]

    /// Texts that hold such a name and branch on nothing, and why each may stand anywhere.
    static let exceptions: [String: String] = [
        "PoCL (apt install pocl-opencl-icd)": "what to install where a machine has no OpenCL device",
        "pocl-opencl-icd": "the name of that package",
        "(NVIDIA: illegal read or write to a buffer)": "explains a status that one driver alone gives",
    ]

    static func findings(in tree: SourceTree) -> [Finding] {
        let kernels = Set(tree.paths(in: "Kernels", endingIn: ".cl").map(KernelCheck.name(of:)))
        let swift = tree.paths(in: "Sources", endingIn: ".swift").map { ($0, CodeText.Language.swift) }
        let c = tree.paths(in: "Sources", endingIn: ".c", ".h").map { ($0, CodeText.Language.c) }
        return (swift + c).filter { $0.0 != home && otherHomes[$0.0] == nil }.flatMap { path, language in
            let text = CodeText(tree.files[path] ?? "", language).keeping(.code, .string)
            guard mayNameVendor(text) else { return [Finding]() }
            return text.numberedLines.compactMap { number, line in
                vendor(in: withoutExceptions(line, kernels)).map {
                    Finding(path: path, line: number, message: "names \($0); only \(home) may")
                }
            }
        }
    }

    /// Whether the letters of a name stand anywhere in the text: a quick look before a close one.
    private static func mayNameVendor(_ text: String) -> Bool {
        let text = Array(text.lowercased().utf8)
        return names.contains { text.firstRange(of: Array($0.lowercased().utf8)) != nil }
    }

    /// The first vendor whose name is a word, or a word of an identifier, in the line.
    ///
    /// `isNVIDIA`, `pocl_version` and `NVIDIADevice` name a vendor; `normalize`, `warmup`, `arm64` and the verb `arm` do
    /// not.
    static func vendor(in line: String) -> String? {
        let letters = [" "] + Array(line) + [" ", " "]
        return names.first { name in
            (1..<letters.count).contains { start in
                let end = start + name.count
                guard end + 1 < letters.count else { return false }
                let text = String(letters[start..<end])
                return text.lowercased() == name.lowercased() && !words.contains(text)
                    && startsWord(letters[start - 1], letters[start])
                    && endsWord(letters[end - 1], letters[end], letters[end + 1])
            }
        }
    }

    private static func startsWord(_ before: Character, _ first: Character) -> Bool {
        !before.isLetter || (before.isLowercase && first.isUppercase)
    }

    private static func endsWord(_ last: Character, _ after: Character, _ next: Character) -> Bool {
        guard after.isLetter else { return !after.isNumber }
        return after.isUppercase && (last.isLowercase || next.isLowercase)
    }

    /// The line without the texts that may stand: the exceptions, and names of kernel files, which a selection table
    /// must spell.
    private static func withoutExceptions(_ line: Substring, _ kernels: Set<String>) -> String {
        var line = String(line)
        for text in exceptions.keys { line.replace(text, with: "") }
        for kernel in kernels { line.replace("\"\(kernel)\"", with: "") }
        return line
    }
}
