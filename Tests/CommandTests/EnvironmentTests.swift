import Testing

@Suite("surroundings: limits, missing folders, locales and names that no terminal shows")
struct EnvironmentTests {
    /// What a shell does before it turns into the command.
    struct Surroundings: CustomTestStringConvertible {
        let testDescription: String
        let preparation: String

        init(_ name: String, _ preparation: String) { (testDescription, self.preparation) = (name, preparation) }
    }

    private static let star = ExamplePictures.path("star")
    private static let plain = ["classify", "-q", star, "--device", "cpu", "--format", "jsonl", "--top-k", "2"]

    private static let bearable = [
        Surroundings("no home and no cache", "unset HOME XDG_CACHE_HOME FOVEA_CACHE_DIR HF_HOME HF_HUB_CACHE"),
        Surroundings(
            "a home that cannot be written", "export HOME=/dev/null/none; unset XDG_CACHE_HOME FOVEA_CACHE_DIR"),
        Surroundings("no folder for temporary files", "export TMPDIR=/dev/null/none"),
        Surroundings("a driver's folder named by nothing", "export POCL_CACHE_DIR="),
        Surroundings("the plain locale", "export LC_ALL=C LANG=C"),
        Surroundings("a locale with decimal commas", "export LC_ALL=de_DE.UTF-8 LC_NUMERIC=de_DE.UTF-8"),
        Surroundings("sixteen open files", "ulimit -n 16"),
        Surroundings("512 MiB of addresses", "ulimit -v 524288"),
    ]

    @Test("answers are the same bytes", arguments: bearable)
    func harmless(surroundings: Surroundings) throws {
        let expected = try FoveaProcess.results(Self.plain)
        let outcome = try FoveaProcess.run(Self.plain, after: surroundings.preparation)
        #expect(outcome.status == .exited(0), "\(outcome.errors)")
        #expect(outcome.output == expected && outcome.errors.isEmpty, "\(outcome.errors)")
    }

    /// PoCL itself aborts where it gets no memory.
    private static let bearableToDevices = bearable.filter { $0.testDescription != "512 MiB of addresses" }

    @Test("answers of an OpenCL device are, too", .requiresOpenCL, arguments: bearableToDevices)
    func harmlessToDevices(surroundings: Surroundings) throws {
        let arguments = ["classify", "-q", Self.star, "--format", "jsonl"]
        let expected = try FoveaProcess.results(arguments)
        let outcome = try FoveaProcess.run(arguments, after: surroundings.preparation)
        #expect(outcome.status == .exited(0) && outcome.output == expected, "\(outcome.errors)")
    }

    @Test("a thousand pictures need no more than sixteen open files")
    func openFiles() throws {
        let folder = try TemporaryFolder()
        let list = try folder.write(String(repeating: Self.star + "\n", count: 1000), to: "list.txt")
        let outcome = try FoveaProcess.run(
            ["preprocess", "-q", "@" + list, "--output", folder("x.npy")], after: "ulimit -n 16")
        #expect(outcome.status == .exited(0), "\(outcome.errors)")
        #expect(folder.names == ["list.txt", "x.npy"])
    }

    @Test(
        "bytes that are no UTF-8 are told in a sentence",
        arguments: [(nil, Int32(3)), ("--device", 5), ("--model", 4)] as [(String?, Int32)])
    func bytes(option: String?, status: Int32) throws {
        let arguments = ["classify", "-q"] + (option.map { [Self.star, $0] } ?? [])
        let outcome = try FoveaProcess.run(arguments, after: #"set -- "$@" "$(printf '\377x')""#)
        #expect(outcome.status == .exited(status), "\(outcome.errors)")
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("\u{FFFD}x"), "\(outcome.errors)")
        if option == nil { #expect(outcome.errors.contains("no UTF-8"), "\(outcome.errors)") }
    }

    @Test("of an option that is given twice the last counts")
    func twice() throws {
        let twice = try FoveaProcess.results(Self.plain + ["--top-k", "1", "-q", "-q"])
        #expect(try twice == FoveaProcess.results(Self.plain.dropLast() + ["1"]))
        #expect(try twice != FoveaProcess.results(Self.plain))
    }

    @Test("a picture whose name begins with - is read behind --")
    func dash() throws {
        let folder = try TemporaryFolder()
        try folder.write(try TemporaryFolder.read(Self.star), to: "-q.jpg")
        let outcome = try FoveaProcess.run(
            Self.plain.filter { $0 != Self.star } + ["--", "-q.jpg"], after: "cd '\(folder.path)'")
        #expect(outcome.status == .exited(0), "\(outcome.errors)")
        #expect(outcome.output.contains(#""-q.jpg""#))
    }
}
