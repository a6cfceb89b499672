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
    static let version = 2
    /// What stands before an instruction in a comment; `COVERED` in `wgmma.cl`.
    private static let cover = "// sm_90a: "
    /// A program of all kernels of a large model has a few megabytes.
    static let largestText = 64 << 20

    /// Takes the comment marks away and names the target that has the instructions.
    ///
    /// - Parameters:
    ///   - binary: What the driver gives as the program's binary; PTX, maybe with zeros after it.
    ///   - kernels: Its kernels, each of which must have products.
    ///   - groupsPerUnit: For how many groups a compute unit must have registers, of kernels for which that matters: the text
    ///     of each tells its size of a group, and gets `.minnctapersm` behind it.
    package static func splice(
        _ binary: [UInt8], kernels: [String], groupsPerUnit: [String: Int] = [:]
    ) throws(Refusal) -> [UInt8] {
        guard binary.count <= largestText else {
            throw Refusal(nil, "the program has \(binary.count) bytes, at most \(largestText) are read")
        }
        let bytes = binary[..<(binary.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)]
        guard !bytes.isEmpty else { throw Refusal(nil, "the program is empty") }
        guard bytes.allSatisfy({ 32..<127 ~= $0 || 9...13 ~= $0 }) else {
            throw Refusal(nil, "the program is no PTX: it has bytes that are no text")
        }
        var scan = Scan(groupsPerUnit)
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
        /// Groups of a compute unit by kernel, of those whose size has not been read.
        private var groupsPerUnit: [String: Int]

        init(_ groupsPerUnit: [String: Int]) { self.groupsPerUnit = groupsPerUnit }

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
            if let problem = group?.problem(withOther: code) { throw Problem(problem) }
            if code.hasPrefix(".version ") { try readVersion(code.dropFirst(9)) }
            if code.hasPrefix(".target ") { return ArraySlice(try retarget(code.dropFirst(8)).utf8) }
            try follow(code)
            if depth == 0, code.hasPrefix(".reqntid "), let kernel,
                let count = groupsPerUnit.removeValue(forKey: kernel)
            {
                return line + ArraySlice("\n.minnctapersm \(count)".utf8)
            }
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
            if !missing.isEmpty { return "no instruction is in kernel \(missing.joined(separator: ", "))" }
            let sizeless = groupsPerUnit.keys.sorted()
            return sizeless.isEmpty ? nil : "no .reqntid is in kernel \(sizeless.joined(separator: ", "))"
        }
    }
}

/// The products of a warp group between a fence and their end: of tiles in local memory by each other, or of weights that
/// items hold by a tile; as many as `wgmma.cl` has, all of the same sums.
private struct WarpGroupProducts {
    /// What is multiplied by a tile.
    private enum Kind {
        case tile, weights

        /// How many there may be: of tiles 64 of k, of weights all keys of a block.
        var counts: [Int] { self == .tile ? [4] : [4, 8, 9, 13] }
        /// By how much a descriptor advances from one to the next.
        var advance: Substring { self == .tile ? "2" : "128" }
        /// What its text ends in.
        var tail: String { self == .tile ? ", 1, 1, 1, 0, 0;" : ", 1, 1, 1, 1;" }
    }

    /// Registers that an item's sums take.
    private static let sums = [
        "m64n64k16": 32, "m64n128k16": 64, "m64n144k16": 72, "m64n208k16": 104, "m64n256k16": 128,
    ]
    private var found = 0
    private var kind: Kind?
    /// The registers of the sums and the descriptors, as the first product names them.
    private var operands: [Substring] = []
    /// Those of weights, which no two products share.
    private var weights: Set<Substring> = []
    private var descriptors: [Substring] = []
    /// Descriptors that have advanced since the last product.
    private var advanced: [Substring] = []

    /// Adds a product; says what is wrong with it.
    mutating func add(_ instruction: Substring) -> String? {
        let words = instruction.split(separator: " ", maxSplits: 1)
        let name = words[0].split(separator: ".", omittingEmptySubsequences: false)
        guard words.count == 2, name.count == 8, name[..<4] == ["wgmma", "mma_async", "sync", "aligned"],
            let sums = Self.sums[String(name[4])], name[5] == "f32", ["f16", "bf16"].contains(name[6]),
            name[7] == name[6]
        else { return "'\(words[0].prefix(80))' is no product that a kernel asks for" }
        var rest = words[1]
        guard let text = Self.takeBraces(&rest) else { return "a product without the registers of its sums" }
        let registers = Self.registers(text)
        guard let registers, registers.count == sums, Set(registers).count == sums else {
            return "a product must name \(sums) registers, each once, for its sums"
        }
        guard rest.hasPrefix(", ") else { return "a product without its factors" }
        rest = rest.dropFirst(2)
        let kind = rest.hasPrefix("{") ? Kind.weights : .tile
        if kind == .weights {
            guard let text = Self.takeBraces(&rest), let words = Self.registers(text), words.count == 4,
                Set(words).count == 4, weights.isDisjoint(with: words), Set(registers).isDisjoint(with: words),
                rest.hasPrefix(", ")
            else { return "a product must name 4 registers of weights, which no other names" }
            weights.formUnion(words)
            rest = rest.dropFirst(2)
        }
        let count = kind == .tile ? 2 : 1
        guard rest.hasSuffix(kind.tail), rest.count > kind.tail.count,
            let descriptors = Self.registers(rest.dropLast(kind.tail.count)), descriptors.count == count
        else {
            return "a product must name \(count == 2 ? "two descriptors" : "a descriptor"), and end in '\(kind.tail)'"
        }
        guard found == 0 || (kind == self.kind && operands == registers + descriptors) else {
            return "a product of other registers than the one before"
        }
        guard found == 0 || advanced.sorted() == descriptors.sorted() else {
            return "each descriptor must advance once from product to product"
        }
        (self.kind, operands, self.descriptors, advanced) = (kind, registers + descriptors, descriptors, [])
        found += 1
        return found > kind.counts.max() ?? 0 ? "more than \(kind.counts.max() ?? 0) products together" : nil
    }

    /// What is wrong with another line among the products: the descriptors advance, and nothing else may happen.
    mutating func problem(withOther code: Substring) -> String? {
        let words = code.split { " \t,;".contains($0) }
        guard words.count == 4, words[0] == "add.s64", words[1] == words[2], words[3] == (kind ?? .tile).advance,
            found == 0 || descriptors.contains(words[1])
        else { return "'\(code.prefix(60))' stands among products" }
        if found > 0 { advanced.append(words[1]) }
        return nil
    }

    /// What is missing where the products end.
    var problemAtEnd: String? {
        let counts = (kind ?? .tile).counts
        return counts.contains(found)
            ? nil
            : "\(found) products together, and there must be \(counts.map(String.init).joined(separator: " or "))"
    }

    /// Takes what stands in braces at the begin of a text; nil where none does.
    private static func takeBraces(_ text: inout Substring) -> Substring? {
        guard text.first == "{", let close = text.firstIndex(of: "}") else { return nil }
        let inside = text[text.index(after: text.startIndex)..<close]
        text = text[text.index(after: close)...]
        return inside
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
