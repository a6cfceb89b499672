import Checkpoints
import Glibc
import Testing

/// The pictures that the repository carries: twelve, each named by what it shows.
enum ExamplePictures {
    static let folder = PackageRoot.path + "/Examples/pictures"

    /// All of them, as `classify` sorts them.
    static let names = TemporaryFolder.names(in: folder)

    /// The picture of a class; its format may change when the pictures are drawn anew.
    static func path(_ stem: String) -> String { "\(folder)/\(names.first { $0.hasPrefix(stem + ".") } ?? stem)" }
}

/// The model inside the program.
enum DemoModel {
    /// How many classes it knows; may change when it is trained anew.
    static let classCount =
        (try? Configuration(contentsOf: PackageRoot.path + "/Sources/DemoModel/Model/config.json"))?
        .value("label_names")?.array?.count ?? 0
}

@Suite("fovea classify answers with one row for every picture, in order")
struct ClassifyTests {
    private let star = ExamplePictures.path("star")
    private let waves = ExamplePictures.path("waves")

    /// The rows of `--format jsonl`.
    private func rows(_ arguments: [String], standardInput: String? = nil, status: Int32 = 0) throws -> [JSON] {
        let outcome = try FoveaProcess.run(
            ["classify", "--format", "jsonl", "--quiet"] + arguments, standardInput: standardInput)
        try #require(outcome.status == .exited(status), "\(outcome.errors)")
        return try outcome.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
    }

    @Test("the demo knows what the example pictures show", arguments: TestedDevice.all)
    func demo(device: TestedDevice) throws {
        let rows = try rows(["--device", device.option, "--top-k", "1", ExamplePictures.folder])
        try #require(rows.count == 12)
        #expect(rows.map { $0["input"]?.string } == ExamplePictures.names.map { "\(ExamplePictures.folder)/\($0)" })
        let right = zip(rows, ExamplePictures.names).count { row, name in
            row["predictions"]?[0]?["label"]?.string.map { name.hasPrefix($0 + ".") } == true
        }
        #expect(right >= 11, "\(right) of 12 right on \(device.option)")
    }

    @Test("a failed picture has its error in its place and shifts nobody")
    func failures() throws {
        let folder = try TemporaryFolder()
        let text = try folder.write("no picture", to: "text.png")
        let good = try rows([star, waves])
        let mixed = try rows([text, star, folder("missing.jpg"), waves, folder.path, "--batch-size", "2"], status: 1)
        #expect(mixed.map { $0["input"]?.string } == [text, star, folder("missing.jpg"), waves, text])
        #expect([mixed[1], mixed[3]] == good)
        for (row, words) in [(0, "is text"), (2, "no such file"), (4, "is text")] {
            let error = try #require(mixed[row]["error"]?.string)
            #expect(error.contains(words))
            #expect(mixed[row]["predictions"] == nil)
        }
        #expect(good.allSatisfy { $0["error"] == nil })
    }

    @Test("each failure is a line on standard error, and the status is 3 where none could be read")
    func allFailed() throws {
        let folder = try TemporaryFolder()
        let outcome = try FoveaProcess.run(["classify", "-q", folder("a.jpg"), folder.path, "--format", "csv"])
        #expect(outcome.status == .exited(3))
        #expect(outcome.errorLines.count == 3)
        #expect(outcome.errorLines[0].contains("a.jpg: no such file"))
        #expect(outcome.errorLines[1].contains("the folder holds no picture"))
        #expect(outcome.errorLines[2].contains("2 of 2 pictures failed"))
        #expect(outcome.output.split(separator: "\n").count == 3)
    }

    @Test("an empty list is no picture, status 3")
    func nothing() throws {
        let folder = try TemporaryFolder()
        let list = try folder.write("\n\n", to: "list.txt")
        let outcome = try FoveaProcess.run(["classify", "-q", "@" + list, "--output", folder("out.json")])
        #expect(outcome.status == .exited(3))
        #expect(outcome.errors.contains("no picture was found"))
        #expect(folder.names == ["list.txt"])
    }

    @Test("a picture and lists come through standard input and files")
    func inputs() throws {
        let folder = try TemporaryFolder()
        let expected = try rows([star, waves]).map { $0["predictions"] }
        let piped = try rows(["-"], standardInput: star)
        #expect(piped[0]["input"]?.string == "-")
        #expect(piped.map { $0["predictions"] } == [expected[0]])
        let list = try folder.write("\(star)\r\n\n\(waves)", to: "list.txt")
        #expect(try rows(["@" + list]).map { $0["predictions"] } == expected)
        #expect(try rows(["@-"], standardInput: list).map { $0["predictions"] } == expected)
        let nulls = try folder.write("\(star)\0\(waves)\0", to: "nulls.txt")
        #expect(try rows(["@" + nulls, "--null"]).map { $0["predictions"] } == expected)
        #expect(try rows(["@" + list, star]).map { $0["predictions"] } == expected + [expected[0]])
    }

    @Test("a list that is not there is refused before anything is computed")
    func missingList() throws {
        let outcome = try FoveaProcess.run(["classify", star, "@/nowhere/list.txt"])
        #expect(outcome.status == .exited(3))
        #expect(outcome.errors.contains("/nowhere/list.txt"))
        #expect(outcome.output.isEmpty)
    }

    @Test("a folder gives its pictures sorted, and leaves out what is none or hidden")
    func folder() throws {
        let folder = try TemporaryFolder()
        let bytes = try TemporaryFolder.read(star)
        for name in ["b.jpg", "a.JPEG", ".hidden.jpg", "note.txt", "c.webp", "jpg"] {
            try folder.write(bytes, to: name)
        }
        _ = try folder.makeFolder("inner.png")
        let names = try rows([folder.path + "/"], status: 1).map { $0["input"]?.string }
        #expect(names == ["a.JPEG", "b.jpg", "c.webp", "inner.png"].map { folder($0) })
    }

    @Test("the batch changes no bit of a row", arguments: TestedDevice.all)
    func batches(device: TestedDevice) throws {
        let arguments = ["--device", device.option, star, waves, ExamplePictures.path("arrow"), star]
        #expect(try rows(arguments + ["--batch-size", "1"]) == rows(arguments + ["--batch-size", "3"]))
    }

    @Test("--top-k cuts the list; without it there are five", arguments: [nil, 1, DemoModel.classCount])
    func topK(count: Int?) throws {
        let rows = try rows([star] + (count.map { ["--top-k", String($0)] } ?? []))
        let predictions = try #require(rows[0]["predictions"]?.array)
        #expect(predictions.count == count ?? 5)
        let probabilities = predictions.compactMap { $0["probability"]?.double }
        #expect(probabilities == probabilities.sorted(by: >))
        if count == DemoModel.classCount { #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5) }
    }

    @Test("--top-k beyond the classes is a usage error that names their number")
    func tooMany() throws {
        let outcome = try FoveaProcess.run(["classify", "-q", star, "--top-k", "99999"])
        #expect(outcome.status == .exited(2))
        #expect(outcome.errors.contains("\(DemoModel.classCount) classes"))
    }

    @Test("--labels stands in place of the model's own, and must have one a class")
    func labels() throws {
        let folder = try TemporaryFolder()
        let names = (0..<DemoModel.classCount).map { "name \($0)" }
        let list = try folder.write(names.joined(separator: "\n"), to: "labels.txt")
        let predictions = try #require(try rows([star, "--labels", list])[0]["predictions"]?.array)
        for prediction in predictions {
            #expect(prediction["label"]?.string == prediction["index"]?.integer.map { names[$0] })
            #expect(prediction["description"] == nil)
        }
        let short = try folder.write("one\ntwo", to: "short.txt")
        let outcome = try FoveaProcess.run(["classify", star, "--labels", short])
        #expect(outcome.status == .exited(4))
        #expect(outcome.errors.contains("short.txt") && outcome.errors.contains("\(DemoModel.classCount)"))
    }

    @Test("preprocessing options change what the model sees")
    func preprocessing() throws {
        let own = try rows([star])
        #expect(try rows([star, "--crop-pct", "0.5"]) != own)
        #expect(try rows([star, "--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5"]) == own)
        // The position table follows any grid; patches must still fill the picture.
        #expect(try rows([star, "--input-size", "32"]) != own)
        let wrong = try FoveaProcess.run(["classify", star, "--input-size", "33"])
        #expect(wrong.status == .exited(2) && wrong.errors.contains("up to 8192"), "\(wrong.errors)")
    }

    @Test("without --model one line says that the demo answers; --quiet does not")
    func demoNotice() throws {
        let outcome = try FoveaProcess.run(["classify", star, "--top-k", "1"])
        #expect(outcome.errorLines.count == 1)
        #expect(outcome.errors.contains("demo") && outcome.errors.contains("\(DemoModel.classCount)"))
        for arguments in [["--quiet"], ["--model", "demo"]] {
            #expect(try FoveaProcess.run(["classify", star] + arguments).errors.isEmpty)
        }
    }
}
