import Checkpoints
import Glibc
import Imaging
import Testing

@testable import FoveaCommand

@Suite("fovea evaluate measures how often a model is right")
struct EvaluateTests {
    private let folder: TemporaryFolder

    /// Three classes of the demo: one by label with four pictures of which one is another shape and one is none, one by
    /// index, one by description.
    init() throws {
        folder = try TemporaryFolder()
        let labels = try #require(
            try Configuration(contentsOf: PackageRoot.path + "/Sources/DemoModel/Model/config.json")
                .value("label_names")?.array?.compactMap(\.string))
        _ = try folder.makeFolder("data")
        let heart = String(try #require(labels.firstIndex(of: "heart")))
        for (name, stems) in [
            ("star", ["star", "target"]), (heart, ["heart"]), ("Spiral", ["spiral"]),
        ] {
            _ = try folder.makeFolder("data/" + name)
            for stem in stems { try copy(stem, to: "data/\(name)/\(stem).png") }
        }
        _ = try folder.makeFolder("data/star/more")
        try copy("star", to: "data/star/more/again.jpg")
        try folder.write("no picture", to: "data/star/broken.png")
        try folder.write("not looked at", to: "data/star/notes.txt")
        _ = try folder.makeFolder("data/waves")
    }

    private func copy(_ stem: String, to name: String) throws {
        try folder.write(TemporaryFolder.read(ExamplePictures.path(stem)), to: name)
    }

    private func metrics(_ arguments: [String], status: Int32 = 1) throws -> JSON {
        let outcome = try FoveaProcess.run(["evaluate", "-q", "--format", "json"] + arguments)
        try #require(outcome.status == .exited(status), "\(outcome.errors)")
        return try JSON(parsing: outcome.output)
    }

    @Test("a folder a class: every figure, counted by hand")
    func folders() throws {
        let found = try metrics([folder("data")])
        #expect(found["pictures"]?.integer == 5 && found["failed"]?.integer == 1 && found["classes"]?.integer == 3)
        // Of the star's three one is a target; the other classes are whole; nothing else was taken for them.
        #expect(found["top1"]?.double == 4.0 / 5)
        let recall = (2.0 / 3 + 1 + 1) / 3
        #expect(found["mean_recall"]?.double == recall)
        #expect(found["mean_precision"]?.double == 1)
        let classes = try #require(found["per_class"]?.array)
        #expect(classes.count == 4)
        let target = try #require(classes.first { $0["label"]?.string == "target" })
        #expect(target["pictures"]?.integer == 0 && target["predicted"]?.integer == 1)
        #expect(target["recall"]?.isNull == true && target["precision"]?.double == 0)
        #expect(found["confusion"]?.array?.count == 4)
        let worst = try #require(found["worst"]?.array)
        #expect(worst.count == 1 && worst[0]["input"]?.string == folder("data/star/target.png"))
        #expect(worst[0]["predicted"] == target["index"])
        #expect(found["failures"]?[0]?["input"]?.string == folder("data/star/broken.png"))
    }

    @Test("a list of id;path lines gives the same, from a file and from standard input")
    func lists() throws {
        let paths = ["star/more/again.jpg", "star/star.png", "star/target.png"].map { folder("data/\($0)") }
        let list = try folder.write(paths.map { "star;\($0)\r\n" }.joined() + "\n", to: "list.txt")
        let found = try metrics([list], status: 0)
        #expect(found["pictures"]?.integer == 3 && found["top1"]?.double == 2.0 / 3)
        let piped = try FoveaProcess.run(["evaluate", "-q", "-"], standardInput: list)
        #expect(piped.status == .exited(0), "\(piped.errors)")
        #expect(piped.output.contains("66.7 %") && piped.output.contains("confusion matrix"))
        #expect(try metrics(["@" + list], status: 0)["pictures"]?.integer == 3)
        let indexed = try folder.write(
            "spiral, a line that winds outward;\(ExamplePictures.path("spiral"))", to: "d.txt")
        #expect(try metrics([indexed], status: 0)["top1"]?.double == 1)
    }

    @Test(
        "names that are none, lists that are none, and folders with nothing",
        arguments: [
            ("what;/x.png\n", Int32(2), "'what' names no class"), ("99;/x.png\n", 2, "index from 0 to"),
            ("/x.png\n", 2, "not id;path"), (";/x.png\n", 2, "not id;path"), ("star;\n", 2, "not id;path"),
            ("", 3, "no picture was found"), ("\n\nstar;/x.png\n\n/x.png\n", 2, "line 5 is"),
            ("star;/nowhere/x.png\n", 3, "no such file"),
        ])
    func refusals(list: String, status: Int32, words: String) throws {
        let path = try folder.write(list, to: "list.txt")
        let outcome = try FoveaProcess.run(["evaluate", "-q", path, "--output", folder("report")])
        #expect(outcome.status == .exited(status), "\(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(folder.names.contains("report") == (words == "no such file"))
        #expect(!folder.names.contains("report.partial"))
    }

    @Test("folders that name no class, hold no class, or are not there")
    func refusedFolders() throws {
        let empty = try folder.makeFolder("empty")
        #expect(try FoveaProcess.run(["evaluate", "-q", empty]).status == .exited(3))
        #expect(try FoveaProcess.run(["evaluate", "-q", "/nowhere"]).status == .exited(3))
        _ = try folder.makeFolder("data/cat")
        try copy("star", to: "data/cat/a.jpg")
        let unknown = try FoveaProcess.run(["evaluate", "-q", folder("data")])
        #expect(unknown.status == .exited(2))
        #expect(unknown.errors.contains("data/cat") && unknown.errors.contains("--labels"))
        let headless = try FoveaProcess.run(
            ["evaluate", "-q", folder("data"), "--model", GoldenCase(name: "hf-clip-vision").folder])
        #expect(headless.status == .exited(2))
    }

    @Test("--output has every table and plot, and appears whole or not at all")
    func report() throws {
        let arguments = ["evaluate", "-q", folder("data"), "--output", folder("report") + "/"]
        #expect(try FoveaProcess.run(arguments).status == .exited(1))
        let names = [
            "confusion.csv", "confusion.png", "metrics.json", "per_class.csv", "precision.png", "predictions.csv",
            "recall.png", "worst.csv",
        ]
        #expect(TemporaryFolder.names(in: folder("report")) == names)
        #expect(!folder.names.contains("report.partial"))
        func text(_ name: String) throws -> String {
            String(decoding: try TemporaryFolder.read(folder("report/" + name)), as: UTF8.self)
        }
        #expect(try JSON(parsing: text("metrics.json")) == metrics([folder("data")]))
        let predictions = ClassifyFormatTests.records(try text("predictions.csv"))
        #expect(predictions.count == 7 && predictions.allSatisfy { $0.count == 9 })
        let broken = try #require(predictions.first { $0[0].hasSuffix("broken.png") })
        #expect(broken[3...7].joined().isEmpty && broken[8].contains("is text"))
        #expect(predictions.first { $0[0].hasSuffix("target.png") }?[7] != "1")
        let confusion = ClassifyFormatTests.records(try text("confusion.csv"))
        #expect(confusion[0] == ["class", "label", "predicted", "predicted_label", "count"])
        let cells = confusion.dropFirst()
        #expect(cells.count == 4 && cells.compactMap { Int($0[4]) }.reduce(0, +) == 5)
        let metrics = try JSON(parsing: text("metrics.json"))
        for (cell, expected) in zip(cells, metrics["confusion"]?.array ?? []) {
            #expect(
                [cell[0], cell[2], cell[4]].map { Int($0) }
                    == ["class", "predicted", "count"].map { expected[$0]?.integer })
        }
        #expect(cells.contains { $0[1] == "star" && $0[3] == "star" && $0[4] == "2" })
        for name in names where name.hasSuffix(".png") {
            let decoded = try PictureFile.decode(path: folder("report/" + name))
            #expect(Set(decoded.picture.bytes).count > 3, "\(name) shows nothing")
        }
        let refused = try FoveaProcess.run(arguments)
        #expect(refused.status == .exited(8))
        #expect(refused.errors.contains("--overwrite"))
        try folder.write("mine", to: "report/mine.txt")
        try folder.write("old", to: "report/metrics.json")
        #expect(try FoveaProcess.run(arguments + ["--overwrite"]).status == .exited(1))
        #expect(TemporaryFolder.names(in: folder("report")) == (names + ["mine.txt"]).sorted())
        #expect(try JSON(parsing: text("metrics.json"))["pictures"]?.integer == 5)

        // A folder that exists is kept, as it may be a mounted volume: a link to it, too.
        _ = try folder.makeFolder("volume")
        try #require(symlink("volume", folder("link")) == 0)
        #expect(
            try FoveaProcess.run(["evaluate", "-q", folder("data"), "--output", folder("link")]).status == .exited(1))
        #expect(TemporaryFolder.names(in: folder("volume")) == names)
    }

    @Test("a folder that another process fills is left alone, whether its first file is begun or not")
    func busy() throws {
        let arguments = ["evaluate", "-q", "--device", "cpu", folder("data"), "--output", folder("report")]
        let lock = open(try folder.makeFolder("report.partial"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(lock) }
        try #require(flock(lock, LOCK_EX | LOCK_NB) == 0)
        let early = try FoveaProcess.run(arguments)
        #expect(early.status == .exited(8) && early.errors.contains("is being filled by another process"))
        #expect(folder.names.contains("report.partial"))
        // As where the file system has no locks for folders.
        try #require(flock(lock, LOCK_UN) == 0)
        let table = try AtomicFile(folder("report.partial/predictions.csv"))
        let late = try FoveaProcess.run(arguments)
        #expect(late.status == .exited(8) && late.errors.contains("is being written by another process"))
        #expect(TemporaryFolder.names(in: folder("report.partial")) == ["predictions.csv.partial"])
        try table.commit()
    }
}

@Suite("the picture of a matrix")
struct MatrixPlotTests {
    /// How many pixels have a color.
    private func count(_ color: RGB, in plot: MatrixPlot) -> Int {
        let bytes = plot.picture.bytes
        return stride(from: 0, to: bytes.count, by: 3).count { start in
            bytes[start] == color.red && bytes[start + 1] == color.green && bytes[start + 2] == color.blue
        }
    }

    @Test("a cell has its color, and one among thousands still shows", arguments: [3, 21_843])
    func cells(classes: Int) throws {
        let names = [String](repeating: "a", count: classes)
        let empty = MatrixPlot(title: "", names: names, cells: [])
        let one = MatrixPlot(title: "", names: names, cells: [(classes - 1, 1, 0.25)])
        let cell = classes == 3 ? 40 * 40 : 1
        #expect(count(ColorMap.viridis(0.25), in: one) - count(ColorMap.viridis(0.25), in: empty) == cell)
    }
}

@Suite("the names of classes")
struct ClassNamesTests {
    @Test("a label comes before a description, that before an index; case and _ do not matter")
    func precedence() throws {
        let labels = Labels([
            Labels.Label("n1", description: "tabby, tabby cat"), Labels.Label("2", description: "crane"),
            Labels.Label("n3", description: "crane, bird"), Labels.Label("tabby"),
        ])
        let names = ClassNames(labels, count: 4)
        for (name, index) in [
            ("n1", 0), ("N3", 2), ("2", 1), ("tabby", 3), ("Tabby,_Tabby_Cat", 0), ("0", 0), ("3", 3),
        ] {
            #expect(try names.index(of: name, at: "x") == index, "\(name)")
        }
        for name in ["crane", "4", "-1", "", "dog"] {
            #expect(throws: (any Error).self, "\(name)") { try names.index(of: name, at: "x") }
        }
        let unnamed = ClassNames(nil, count: 2)
        #expect(try unnamed.index(of: "1", at: "x") == 1)
        #expect(unnamed.title(1) == "#1")
    }
}
