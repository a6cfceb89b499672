import FoundationEssentials
import OpenCLRuntime
import Testing

@testable import OpenCLOperations

/// PTX of `linear_wgmma.cl` as clang 15 makes it (`Scripts/offline-check` has the options), with INPUTS 64, OUTPUTS 128 and
/// OPERAND 1, but for .version and .target, which are those of a driver of compute capability 9.0; and of `attention_wgmma.cl`,
/// with HEADS 1, KEYS 64 and OPERAND 1.
@Suite("Splicing instructions into PTX")
struct InstructionSpliceTests {
    private static let folder =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/Fixtures/OpenCLOperations/"

    private func fixture(of kernel: String = "linear_wgmma") throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: Self.folder + kernel + ".ptx")), as: UTF8.self)
    }

    private func splice(_ text: String, kernels: [String] = ["linear_wgmma"]) throws -> String {
        String(decoding: try InstructionSplice.splice(Array(text.utf8), kernels: kernels), as: UTF8.self)
    }

    /// The refusal; nil where the text is spliced.
    private func refusal(_ text: String, kernels: [String] = ["linear_wgmma"]) -> String? {
        do throws(InstructionSplice.Refusal) {
            _ = try InstructionSplice.splice(Array(text.utf8), kernels: kernels)
            return nil
        } catch {
            return error.description
        }
    }

    /// The same text with what the first line that holds a word was changed into.
    private func fixture(
        _ word: String, of kernel: String = "linear_wgmma", _ change: (String) -> String
    ) throws -> String {
        var lines = try fixture(of: kernel).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let index = try #require(lines.firstIndex { $0.contains(word) })
        lines[index] = change(lines[index])
        return lines.joined(separator: "\n")
    }

    @Test("takes the text of a driver that has run it")
    func driver() throws {
        // By driver 580.159.04 for an H100; the text ends in a zero byte there.
        let result = try splice(try fixture(of: "linear_wgmma_driver") + "\0")
        #expect(result.contains("\n.target sm_90a, texmode_independent"))
        #expect(result.ranges(of: "\n\twgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {").count == 4)
        #expect(!result.contains("// sm_90a"))
    }

    @Test("uncovers each instruction, names the target and leaves all else")
    func result() throws {
        let (before, after) = (try fixture(), try splice(try fixture()))
        let pairs = zip(
            before.split(separator: "\n", omittingEmptySubsequences: false),
            after.split(separator: "\n", omittingEmptySubsequences: false))
        let changed = pairs.filter { $0 != $1 }.map { (String($0), String($1)) }
        #expect(before.count(where: \.isNewline) == after.count(where: \.isNewline))
        #expect(changed.count == 9)
        #expect(changed.first?.0 == ".target sm_90, texmode_independent")
        #expect(changed.first?.1 == ".target sm_90a, texmode_independent")
        let instructions = changed.dropFirst().map { $1.split(separator: " ")[0] }
        let product = "\twgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16"
        #expect(
            instructions.map(String.init) == ["\twgmma.fence.sync.aligned;"] + [String](repeating: product, count: 4)
                + ["\twgmma.commit_group.sync.aligned;"]
                + [String](repeating: "\twgmma.wait_group.sync.aligned", count: 2))
        for (covered, uncovered) in changed.dropFirst() {
            let code = String(covered.drop { $0 == "\t" })
            #expect(code == "// sm_90a: " + uncovered.dropFirst())
        }
    }

    @Test("asks for registers for some groups behind the size of a group, and refuses a kernel that does not say it")
    func groupsPerUnit() throws {
        let text = try fixture(of: "linear_wgmma_driver")
        let kernels = ["linear_wgmma"]
        let plain = try splice(text)
        let limited = try InstructionSplice.splice(
            Array(text.utf8), kernels: kernels, groupsPerUnit: ["linear_wgmma": 3])
        let size = ".reqntid 256, 1, 1\n"
        #expect(plain.ranges(of: size).count == 1)
        #expect(
            String(decoding: limited, as: UTF8.self)
                == plain.replacing(size, with: size + ".minnctapersm 3\n"))
        let refusal = #expect(throws: InstructionSplice.Refusal.self) {
            try InstructionSplice.splice(
                Array(text.replacing(size, with: "").utf8), kernels: kernels, groupsPerUnit: ["linear_wgmma": 3])
        }
        #expect(refusal?.reason == "no .reqntid is in kernel linear_wgmma")
    }

    @Test("uncovers products of weights that items hold")
    func weights() throws {
        let attention = try fixture(of: "attention_wgmma")
        let result = try splice(attention, kernels: ["attention_wgmma"])
        #expect(result.ranges(of: "\n\twgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {").count == 8)
        #expect(result.ranges(of: ", 1, 1, 1, 1;\n").count == 4)
        #expect(!result.contains("// sm_90a"))
    }

    @Test(
        "refuses products of weights that do not fit",
        arguments: [
            (", 1, 1, 1, 1;", ", 1, 1, 1, 0;", "a product must name a descriptor, and end in ', 1, 1, 1, 1;'"),
            (", 1, 1, 1, 1;", ", %rd1, 1, 1, 1, 1;", "a product must name a descriptor"),
            ("}, {", "}, {%r1, ", "a product must name 4 registers of weights"),
            ("}, {", "}, %r1, {", "a product must name two descriptors"),
            ("}, %rd", "} %rd", "a product must name 4 registers of weights"),
            (", 128;", ", 2;", "stands among products"),
        ])
    func weightRefusals(_ old: String, _ new: String, _ message: String) throws {
        let line = old == ", 128;" ? "add.s64 %" : ", 1, 1, 1, 1;"
        let text = try fixture(line, of: "attention_wgmma") { $0.replacing(old, with: new) }
        #expect(text != (try fixture(of: "attention_wgmma")), "the fixture does not hold '\(old)'")
        let refusal = refusal(text, kernels: ["attention_wgmma"])
        #expect(refusal?.contains(message) == true, "\(refusal ?? "it was spliced")")
    }

    @Test("refuses descriptors that do not advance once each", arguments: ["linear_wgmma", "attention_wgmma"])
    func advances(kernel: String) throws {
        let lines = try fixture(of: kernel).split(separator: "\n", omittingEmptySubsequences: false)
        let first = try #require(lines.firstIndex { $0.contains("add.s64 %") })
        var fewer = lines, more = lines
        fewer.remove(at: first)
        more.insert(lines[first], at: first)
        for text in [fewer, more] {
            let refusal = refusal(text.joined(separator: "\n"), kernels: [kernel])
            #expect(refusal?.contains("each descriptor must advance once") == true, "\(refusal ?? "it was spliced")")
        }
        var other = lines
        other[first] = Substring(lines[first].replacing(/%rd\d+/, with: "%rd99999"))
        #expect(refusal(other.joined(separator: "\n"), kernels: [kernel])?.contains("stands among products") == true)
    }

    @Test("refuses weights that two products share, or too few products of them")
    func sharedWeights() throws {
        var lines = try fixture(of: "attention_wgmma").split(separator: "\n", omittingEmptySubsequences: false)
        let products = lines.indices.filter { lines[$0].contains(", 1, 1, 1, 1;") }
        try #require(products.count == 4)
        var shared = lines
        shared[products[1]] = lines[products[0]]
        #expect(
            refusal(shared.joined(separator: "\n"), kernels: ["attention_wgmma"])?
                .contains("4 registers of weights, which no other names") == true)
        lines.removeSubrange(products[1]..<products[2])
        #expect(
            refusal(lines.joined(separator: "\n"), kernels: ["attention_wgmma"])?
                .contains("3 products together, and there must be 4 or 8 or 9 or 13") == true)
    }

    @Test("takes zeros at the end of a binary for none of the text")
    func zeros() throws {
        #expect(try splice(try fixture() + "\0\0") == splice(try fixture()))
    }

    @Test("takes several kernels, and asks products of each")
    func kernels() throws {
        let text = try fixture()
        let body = text[try #require(text.firstRange(of: ".entry")).lowerBound...]
        let two = text + body.replacing("linear_wgmma", with: "linear_wgmma__1")
        #expect(refusal(two, kernels: ["linear_wgmma", "linear_wgmma__1"]) == nil)
        #expect(try splice(two).ranges(of: "\twgmma.mma_async").count == 8)
        #expect(refusal(two, kernels: ["linear_wgmma__2"]) == "no instruction is in kernel linear_wgmma__2")
        #expect(refusal(text + body)?.contains("a second kernel linear_wgmma") == true)
        let plain = text + ".entry other() { ret; }\n"
        #expect(refusal(plain) == nil)
        #expect(refusal(plain, kernels: ["linear_wgmma", "other"]) == "no instruction is in kernel other")
    }

    @Test(
        "refuses what does not fit, and says where",
        arguments: [
            (".target", "sm_90", "sm_80", "the target is sm_80, and must be sm_90"),
            (".target", "sm_90", "sm_90a", "the target is sm_90a, and must be sm_90"),
            (".target", "sm_90", "sm_900", "the target is sm_900"),
            (".target", ".target", ".targets", "a kernel where none may begin"),
            (".target", "texmode_independent", "texmode_independent\n.target sm_90", ".target must come once"),
            (".version", "8.3", "7.8", "the version is 7.8, and must be 8.0 or later"),
            (".version", "8.3", "new", "the version is new"),
            (".version", "8.3", "8.3\n.version 8.3", "a second .version"),
            (".version", ".version", "// .version", ".target must come once, after .version"),
            ("wgmma.fence", "// sm_90a: wgmma.fence.sync.aligned;", "", "a product without a fence before it"),
            ("wgmma.fence", "wgmma.fence", "wgmma.fances", "is no instruction of a warp group"),
            ("wgmma.fence", "aligned;", "aligned;\n// sm_90a: wgmma.fence.sync.aligned;", "a second fence"),
            ("wgmma.fence", "wgmma.fence.sync.aligned;", "trap;", "'trap;' is no instruction of a warp group"),
            ("wgmma.fence", "// sm_90a: ", "mov.u32 %r1, 0; // sm_90a: ", "does not begin it"),
            (
                "wgmma.fence", "aligned;", "aligned;\n\tmov.f32 %f193, %f1;",
                "'mov.f32 %f193, %f1;' stands among products"
            ),
            ("wgmma.commit", "// sm_90a: wgmma.commit_group.sync.aligned;", "", "stands among products"),
            ("wgmma.commit", "commit_group.sync.aligned;", "wait_group.sync.aligned 0;", "a wait among products"),
            ("wgmma.mma", "m64n128k16", "m64n96k16", "is no product that a kernel asks for"),
            ("wgmma.mma", "bf16.bf16", "bf16.f16", "is no product that a kernel asks for"),
            ("wgmma.mma", "{", "", "a product without the registers of its sums"),
            ("wgmma.mma", "}", "", "a product without the registers of its sums"),
            ("wgmma.mma", "{", "{%f7, ", "a product must name 64 registers"),
            ("wgmma.mma", "%f194", "%f193", "a product must name 64 registers, each once"),
            ("wgmma.mma", "%f194", "%f194; trap; %f", "a product must name 64 registers"),
            ("wgmma.mma", "%f194", "%f9194", "a product of other registers than the one before"),
            ("wgmma.mma", "0, 0;", "0, 1;", "a product must name two descriptors"),
            ("wgmma.mma", "}, ", "}, %rd1, ", "a product must name two descriptors"),
            ("wgmma.mma", "// sm_90a: ", "// sm_90: ", "stands among products"),
            ("add.s64 %rd24, %rd24, 2;", ", 2;", ", 4;", "stands among products"),
        ])
    func refusals(line: String, _ old: String, _ new: String, _ message: String) throws {
        let text = try fixture(line) { $0.replacing(old, with: new) }
        #expect(text != (try fixture()), "the fixture does not hold '\(old)' where '\(line)' is")
        let refusal = refusal(text)
        #expect(refusal?.contains(message) == true, "\(refusal ?? "it was spliced")")
    }

    @Test("refuses a text without an instruction, or with one missing or too many")
    func counts() throws {
        let text = try fixture()
        let uncovered = text.replacing("// sm_90a: ", with: "// ")
        #expect(refusal(uncovered) == "no instruction is in kernel linear_wgmma")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let products = lines.indices.filter { lines[$0].contains("wgmma.mma_async") }
        try #require(products.count == 4)
        // A product, and how its descriptors advance to the next.
        let product = products[0]..<products[1]
        for place in products.dropLast() {
            var fewer = lines, more = lines
            fewer.removeSubrange(place..<place + product.count)
            more.insert(contentsOf: lines[product], at: place)
            #expect(
                refusal(fewer.joined(separator: "\n"))?.contains("3 products together, and there must be 4") == true)
            #expect(refusal(more.joined(separator: "\n"))?.contains("more than 4 products together") == true)
        }
        var alone = lines
        alone.insert(lines[products[1]], at: products[1])
        #expect(refusal(alone.joined(separator: "\n"))?.contains("each descriptor must advance once") == true)
        let waits = lines.filter { !$0.contains("wait_group.sync") }.joined(separator: "\n")
        #expect(refusal(waits)?.contains("does not wait for its last product") == true)
        let outside = text + "\n// sm_90a: wgmma.fence.sync.aligned;\n"
        #expect(refusal(outside)?.contains("an instruction outside of a kernel") == true)
    }

    @Test("refuses a text that is cut anywhere but after its last brace")
    func truncation() throws {
        let text = try fixture()
        let end = text.utf8.distance(from: text.startIndex, to: try #require(text.lastIndex(of: "}")))
        for length in stride(from: 0, through: end, by: 211) {
            #expect(refusal(String(decoding: text.utf8.prefix(length), as: UTF8.self)) != nil, "\(length) bytes")
        }
        #expect(refusal(String(decoding: text.utf8.prefix(end), as: UTF8.self)) == "it ends within a kernel")
    }

    @Test("refuses what is no text, and what is too much of it")
    func hostile() throws {
        #expect(refusal("") == "the program is empty")
        #expect(refusal("\0\0\0") == "the program is empty")
        #expect(refusal("\u{7f}ELF\u{2}\u{1}") == "the program is no PTX: it has bytes that are no text")
        #expect(refusal(try fixture().replacing("wgmma.fence", with: "wgmma\0fence"))?.contains("no text") == true)
        let large = InstructionSplice.largestText + 1
        let refusal = #expect(throws: InstructionSplice.Refusal.self) {
            try InstructionSplice.splice([UInt8](repeating: 32, count: large), kernels: [])
        }
        #expect(refusal?.reason.contains("\(large) bytes") == true)
        let deep = try fixture() + String(repeating: "{", count: 1 << 16)
        #expect(self.refusal(deep) == "it ends within a kernel")
        #expect(self.refusal(try fixture() + "}")?.contains("a brace is closed that was not opened") == true)
    }

    @Test("what the driver gets still has the comments that are to be uncovered")
    func source() throws {
        let source = KernelSource.text(of: "linear_wgmma")
        #expect(source.contains("\"// sm_90a: \""))
        #expect(!source.contains("// 1. Where the rows begin"))
    }

    @Test("only what is spliced is a program apart")
    func covered() {
        #expect(Specialization("linear_wgmma", ["EMULATED": 0]).isCovered)
        #expect(Specialization("attention_wgmma", ["EMULATED": 0]).isCovered)
        #expect(!Specialization("linear_wgmma", ["EMULATED": 1]).isCovered)
        #expect(!Specialization("linear_matrix", ["EMULATED": 0]).isCovered)
    }
}
