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
            return text.numberedLines.compactMap { number, line -> Finding? in
                guard vendor(in: line) != nil else { return nil }
                return vendor(in: withoutExceptions(line, kernels)).map {
                    Finding(path: path, line: number, message: "names \($0); only \(home) may")
                }
            }
        }
    }

    /// The first vendor whose name is a word, or a word of an identifier, in the line.
    ///
    /// `isNVIDIA`, `pocl_version` and `NVIDIADevice` name a vendor; `normalize`, `warmup`, `arm64` and the verb `arm` do
    /// not.
    static func vendor(in line: some StringProtocol) -> String? {
        let space = UInt8(ascii: " ")
        let bytes = [space] + Array(line.utf8) + [space, space]
        for start in 1..<(bytes.count - 1) where startsWord(bytes[start - 1], bytes[start]) {
            for name in names {
                let end = start + name.utf8.count
                guard end + 1 < bytes.count, zip(bytes[start..<end], name.utf8).allSatisfy({ $0 | 32 == $1 | 32 })
                else { continue }
                let isWord = words.contains(String(decoding: bytes[start..<end], as: UTF8.self))
                if !isWord && endsWord(bytes[end - 1], bytes[end], bytes[end + 1]) { return name }
            }
        }
        return nil
    }

    private static func startsWord(_ before: UInt8, _ first: UInt8) -> Bool {
        !before.isLetter || (before.isLowercase && first.isUppercase)
    }

    private static func endsWord(_ last: UInt8, _ after: UInt8, _ next: UInt8) -> Bool {
        guard after.isLetter else { return !after.isDigit }
        return after.isUppercase && (last.isLowercase || next.isLowercase)
    }

    /// The line without the texts that may stand: the exceptions, and names of kernel files, which a selection table
    /// must spell.
    private static func withoutExceptions(_ line: Substring, _ kernels: Set<String>) -> String {
        var line = String(line)
        for text in exceptions.keys.sorted(by: { $0.count > $1.count }) { line.replace(text, with: "") }
        for kernel in kernels { line.replace("\"\(kernel)\"", with: "") }
        return line
    }
}

extension UInt8 {
    fileprivate var isLowercase: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    fileprivate var isUppercase: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
    fileprivate var isLetter: Bool { isLowercase || isUppercase }
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
