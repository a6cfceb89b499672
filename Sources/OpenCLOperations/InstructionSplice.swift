/// PTX in which the instructions of a warp group stand in comments, made into PTX that runs them.
///
/// A compiler of OpenCL C writes `.target sm_90`, and these are of `sm_90a`. `wgmma.cl` therefore has the compiler put its
/// registers into comments; what is wrong with the text in any way is refused, because a kernel whose comments stay
/// comments computes zeros.
package enum InstructionSplice {
    /// How the text of a program cannot be spliced.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        /// The line, from 1; nil where it is the whole text.
        package let line: Int?
        /// What was found, and what it should be.
        package let reason: String

        /// `line 7: the target is sm_80, and must be sm_90`.
        package var description: String { line.map { "line \($0): \(reason)" } ?? reason }

        init(_ line: Int?, _ reason: String) { (self.line, self.reason) = (line, reason) }
    }

    /// Changes with what the splice makes of a text.
    static let version = 1
    /// What stands before an instruction in a comment; `COVERED` in `wgmma.cl`.
    private static let cover = "// sm_90a: "
    /// A program of all kernels of a large model has a few megabytes.
    static let largestText = 64 << 20

    /// Takes the comment marks away and names the target that has the instructions.
    ///
    /// - Parameters:
    ///   - binary: What the driver gives as the program's binary; PTX, maybe with zeros after it.
    ///   - kernels: Its kernels, each of which must have products.
    package static func splice(_ binary: [UInt8], kernels: [String]) throws(Refusal) -> [UInt8] {
        guard binary.count <= largestText else {
            throw Refusal(nil, "the program has \(binary.count) bytes, at most \(largestText) are read")
        }
        let bytes = binary[..<(binary.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)]
        guard !bytes.isEmpty else { throw Refusal(nil, "the program is empty") }
        guard bytes.allSatisfy({ 32..<127 ~= $0 || 9...13 ~= $0 }) else {
            throw Refusal(nil, "the program is no PTX: it has bytes that are no text")
        }
        var scan = Scan()
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 1)
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if index > 0 { result.append(UInt8(ascii: "\n")) }
            do throws(Problem) {
                result += try scan.next(line)
            } catch {
                throw Refusal(index + 1, error.reason)
            }
        }
        if let problem = scan.problemAtEnd(kernels: kernels) { throw Refusal(nil, problem) }
        return result
    }

    /// What is wrong with a line.
    private struct Problem: Error {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    /// What has been read so far.
    private struct Scan {
        private var version: String?
        private var target: String?
        /// Braces that are open.
        private var depth = 0
        /// The kernel that is being read, and whether all its products have been waited for; nil before its first product.
        private var kernel: String?
        private var isSettled: Bool?
        /// The kernels that have products, all waited for.
        private var finished: [String] = []
        private var group: WarpGroupProducts?

        /// The line as it goes into the result.
        mutating func next(_ line: ArraySlice<UInt8>) throws(Problem) -> ArraySlice<UInt8> {
            let text = String(decoding: line, as: UTF8.self)
            let code = text.drop { $0 == " " || $0 == "\t" }
            if code.hasPrefix(InstructionSplice.cover) {
                let instruction = code.dropFirst(InstructionSplice.cover.count)
                try uncover(instruction)
                return ArraySlice("\t".utf8) + ArraySlice(instruction.utf8)
            }
            guard !text.contains(InstructionSplice.cover.dropLast()) else {
                throw Problem("'\(InstructionSplice.cover)' does not begin it")
            }
            if let group, let problem = group.problem(withOther: code) { throw Problem(problem) }
            if code.hasPrefix(".version ") { try readVersion(code.dropFirst(9)) }
            if code.hasPrefix(".target ") { return ArraySlice(try retarget(code.dropFirst(8)).utf8) }
            try follow(code)
            return line
        }

        private mutating func readVersion(_ number: Substring) throws(Problem) {
            guard version == nil else { throw Problem("a second .version") }
            version = String(number)
            // PTX ISA: wgmma as of 8.0.
            guard let major = number.split(separator: ".").first.flatMap({ Int($0) }), major >= 8 else {
                throw Problem("the version is \(number.prefix(40)), and must be 8.0 or later")
            }
        }

        private mutating func retarget(_ targets: Substring) throws(Problem) -> String {
            guard version != nil, target == nil else { throw Problem(".target must come once, after .version") }
            let name = targets.prefix { $0 != "," && $0 != " " }
            target = String(name)
            guard name == "sm_90" else { throw Problem("the target is \(name.prefix(40)), and must be sm_90") }
            return ".target sm_90a" + targets.dropFirst(name.count)
        }

        /// Keeps count of braces, and of the kernel that they belong to.
        private mutating func follow(_ code: Substring) throws(Problem) {
            let code = code.firstRange(of: "//").map { code[..<$0.lowerBound] } ?? code
            for marker in [".entry ", ".func "] {
                guard let range = code.firstRange(of: marker) else { continue }
                guard depth == 0, target != nil else { throw Problem("a kernel where none may begin") }
                kernel = String(code[range.upperBound...].prefix { $0.isLetter || $0.isNumber || "_$".contains($0) })
                isSettled = nil
            }
            for character in code where character == "{" || character == "}" {
                depth += character == "{" ? 1 : -1
                guard depth >= 0 else { throw Problem("a brace is closed that was not opened") }
                if depth == 0, character == "}" { try finishKernel() }
            }
        }

        private mutating func finishKernel() throws(Problem) {
            defer { (kernel, isSettled) = (nil, nil) }
            guard let kernel, let isSettled else { return }
            guard isSettled else { throw Problem("kernel \(kernel) does not wait for its last product") }
            guard !finished.contains(kernel) else { throw Problem("a second kernel \(kernel)") }
            finished.append(kernel)
        }

        private mutating func uncover(_ instruction: Substring) throws(Problem) {
            guard kernel != nil, depth > 0 else { throw Problem("an instruction outside of a kernel") }
            switch instruction {
            case "wgmma.fence.sync.aligned;":
                guard group == nil else { throw Problem("a second fence before the products end") }
                group = WarpGroupProducts()
                isSettled = false
            case "wgmma.commit_group.sync.aligned;":
                guard let group else { throw Problem("an end of products that did not begin") }
                if let problem = group.problemAtEnd { throw Problem(problem) }
                self.group = nil
            case "wgmma.wait_group.sync.aligned 0;":
                guard group == nil else { throw Problem("a wait among products") }
                if isSettled != nil { isSettled = true }
            case "wgmma.wait_group.sync.aligned 1;":
                guard group == nil else { throw Problem("a wait among products") }
            default:
                guard instruction.hasPrefix("wgmma.mma_async.") else {
                    throw Problem("'\(instruction.prefix(60))' is no instruction of a warp group")
                }
                guard group != nil else { throw Problem("a product without a fence before it") }
                if let problem = group?.add(instruction) { throw Problem(problem) }
            }
        }

        /// What is missing once all has been read.
        func problemAtEnd(kernels: [String]) -> String? {
            if version == nil { return "there is no .version" }
            if target == nil { return "there is no .target" }
            if depth != 0 { return "it ends within a kernel" }
            let missing = kernels.filter { !finished.contains($0) }
            return missing.isEmpty ? nil : "no instruction is in kernel \(missing.joined(separator: ", "))"
        }
    }
}

/// The products of a warp group between a fence and their end: as many as `wgmma.cl` has, all of the same sums.
private struct WarpGroupProducts {
    private static let count = 4
    /// Registers that an item's sums take.
    private static let sums = ["m64n64k16": 32, "m64n128k16": 64, "m64n256k16": 128]
    private var found = 0
    private var operands: Substring?

    /// Adds a product; says what is wrong with it.
    mutating func add(_ instruction: Substring) -> String? {
        let words = instruction.split(separator: " ", maxSplits: 1)
        let name = words[0].split(separator: ".", omittingEmptySubsequences: false)
        guard words.count == 2, name.count == 8, name[..<4] == ["wgmma", "mma_async", "sync", "aligned"],
            let sums = Self.sums[String(name[4])], name[5] == "f32", ["f16", "bf16"].contains(name[6]),
            name[7] == name[6]
        else { return "'\(words[0].prefix(80))' is no product that a kernel asks for" }
        guard let open = words[1].firstIndex(of: "{"), let close = words[1].firstIndex(of: "}"), open < close,
            open == words[1].startIndex
        else { return "a product without the registers of its sums" }
        let registers = Self.registers(words[1][words[1].index(after: open)..<close])
        guard let registers, registers.count == sums, Set(registers).count == sums else {
            return "a product must name \(sums) registers, each once, for its sums"
        }
        let rest = words[1][words[1].index(after: close)...]
        let tail = ", 1, 1, 1, 0, 0;"
        guard rest.hasPrefix(", "), rest.hasSuffix(tail), rest.count > tail.count + 2,
            let descriptors = Self.registers(rest.dropFirst(2).dropLast(tail.count)), descriptors.count == 2
        else { return "a product must name two descriptors, and end in '\(tail)'" }
        guard operands == nil || operands == words[1] else { return "a product of other registers than the one before" }
        operands = words[1]
        found += 1
        return found > Self.count ? "more than \(Self.count) products together" : nil
    }

    /// What is wrong with another line among the products: the descriptors advance, and nothing else may happen.
    func problem(withOther code: Substring) -> String? {
        let words = code.split { " \t,;".contains($0) }
        guard words.count == 4, words[0] == "add.s64", words[1] == words[2], words[3] == "2" else {
            return "'\(code.prefix(60))' stands among products"
        }
        return nil
    }

    /// What is missing where the products end.
    var problemAtEnd: String? {
        found == Self.count ? nil : "\(found) products together, and there must be \(Self.count)"
    }

    /// `%f1, %f2` as names; nil where anything else is among them.
    private static func registers(_ list: Substring) -> [Substring]? {
        let names = list.split(separator: ",", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
        let isSound = names.allSatisfy { name in
            name.first == "%" && name.count > 1
                && name.dropFirst().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_$".contains($0)) }
        }
        return isSound ? names : nil
    }
}
