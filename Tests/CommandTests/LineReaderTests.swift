import Glibc
import Testing

@testable import FoveaCommand

@Suite("lines are read as they come")
struct LineReaderTests {
    private func lines(_ text: String, limit: Int) throws -> [String] {
        let folder = try TemporaryFolder()
        let reader = try LineReader(folder.write(text, to: "list"), limit: limit)
        var found: [String] = []
        while true {
            switch try reader.next() {
            case .line(let line): found.append(String(decoding: line, as: UTF8.self))
            case .tooLong: found.append("too long")
            case .notYet: found.append("not yet")
            case .end: return found
            }
        }
    }

    @Test("whole lines keep their separator, a torn one lacks it, and one beyond the limit costs no other")
    func files() throws {
        #expect(try lines("", limit: 9) == [])
        #expect(try lines("a\n\nb", limit: 9) == ["a\n", "\n", "b"])
        let long = String(repeating: "x", count: 200_000)
        #expect(try lines("a\n\(long)\nb\n\(long)", limit: 9) == ["a\n", "too long", "b\n", "too long"])
        #expect(try lines("a\n\(long)\nb\n", limit: 300_000) == ["a\n", long + "\n", "b\n"])
        #expect(try lines("12345678\n123456789\n1\n", limit: 9) == ["12345678\n", "too long", "1\n"])
    }

    @Test("half a line is no line, and nobody waits for the rest who has other work to do")
    func pauses() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let reader = try LineReader("/dev/fd/\(ends[0])", limit: 9)
        func send(_ text: String) throws { try #require(write(ends[1], text, text.utf8.count) == text.utf8.count) }
        func next(_ patience: Patience = .none) throws -> String {
            switch try reader.next(patience) {
            case .line(let line): String(decoding: line, as: UTF8.self)
            case .tooLong: "too long"
            case .notYet: "not yet"
            case .end: "end"
            }
        }
        #expect(try next(.brief) == "not yet")
        try send("ab")
        #expect(try next() == "not yet")
        try send("c\nd\n0123456789")
        #expect(try [next(), next(), next(), next()] == ["abc\n", "d\n", "too long", "not yet"])
        try send("89\ne")
        #expect(try next() == "not yet")
        close(ends[1])
        #expect(try [next(.endless), next(.endless)] == ["e", "end"])
    }

    @Test(
        "a list that never ends is refused", .enabled(if: access("/dev/zero", R_OK) == 0, "there is no /dev/zero here"))
    func endless() throws {
        for arguments in [["classify", "-q", "@/dev/zero"], ["evaluate", "-q", "/dev/zero"]] {
            let outcome = try FoveaProcess.run(arguments)
            #expect(outcome.status == .exited(3))
            #expect(outcome.errors.contains("no list of paths"))
        }
    }
}
