import Checkpoints
import Testing

@Suite("fovea classify writes each format as its contract says")
struct ClassifyFormatTests {
    private let star = ExamplePictures.path("star")

    private func output(_ format: String, _ arguments: [String], status: Int32 = 0) throws -> String {
        let outcome = try FoveaProcess.run(["classify", "--quiet", "--device", "cpu", "--format", format] + arguments)
        try #require(outcome.status == .exited(status), "\(outcome.errors)")
        return outcome.output
    }

    @Test("json is one document, and its results are the lines of jsonl")
    func json() throws {
        let inputs = [star, "/nowhere/a\n\"b\".png", ExamplePictures.path("dots"), "--top-k", "3"]
        let document = try JSON(parsing: output("json", inputs, status: 1))
        #expect(document.object?.keys == ["model", "device", "precision", "results"])
        #expect(document["model"]?.string == "demo")
        #expect(document["device"]?.string == "cpu (reference)")
        #expect(document["precision"]?.string == "float32")
        let results = try #require(document["results"]?.array)
        let lines = try output("jsonl", inputs, status: 1).split(separator: "\n").map { try JSON(parsing: String($0)) }
        #expect(results == lines)
        #expect(results.count == 3)
        let prediction = try #require(results[0]["predictions"]?[0])
        #expect(prediction.object?.keys == ["index", "label", "description", "probability", "logit"])
        #expect(prediction["description"]?.string?.isEmpty == false)
        #expect(results[1]["input"]?.string == "/nowhere/a\n\"b\".png")
        #expect(results[1].object?.keys == ["input", "error", "code"])
        #expect(results[1]["code"]?.string == "IO_NOT_FOUND")
    }

    @Test("csv is a prediction a line, quoted as RFC 4180 has it")
    func csv() throws {
        let records = try Self.records(output("csv", [star, "/nowhere/a, \"b\".png", "--top-k", "2"], status: 1))
        #expect(records[0] == ["input", "rank", "index", "label", "description", "probability", "logit", "error"])
        #expect(records.count == 4)
        #expect(records.allSatisfy { $0.count == 8 })
        let predictions = try #require(
            try JSON(parsing: output("jsonl", [star, "--top-k", "2"]))["predictions"]?.array)
        for (rank, prediction) in predictions.enumerated() {
            let record = records[rank + 1]
            #expect(record[0] == star)
            #expect(record[1] == String(rank + 1))
            #expect(Int(record[2]) == prediction["index"]?.integer)
            #expect(record[3] == prediction["label"]?.string)
            #expect(record[4] == prediction["description"]?.string)
            #expect(Double(record[5]) == prediction["probability"]?.double)
            #expect(Double(record[6]) == prediction["logit"]?.double)
            #expect(record[7].isEmpty)
        }
        #expect(records[3][0] == "/nowhere/a, \"b\".png")
        #expect(records[3][1..<7].joined().isEmpty)
        #expect(records[3][7].contains("no such file"))
    }

    /// Reads the records of RFC 4180, ended by line feeds.
    static func records(_ text: String) -> [[String]] {
        var (records, record, field, isQuoted) = ([[String]](), [String](), "", false)
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\"" where isQuoted && scalars.first == "\"":
                field += "\""
                scalars.removeFirst()
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                record.append(field)
                field = ""
            case "\n" where !isQuoted:
                records.append(record + [field])
                (record, field) = ([], "")
            default: field.unicodeScalars.append(scalar)
            }
        }
        return records
    }

    @Test("text has the name, then percents in a column, and no control character of a name")
    func text() throws {
        let folder = try TemporaryFolder()
        let name = try folder.write(TemporaryFolder.read(star), to: "st\u{1B}[31mar.jpg")
        let lines = try output("text", [name, "/nowhere/x.png", "--top-k", "2"], status: 1)
            .split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "\(folder.path)/st\\u{1b}[31mar.jpg")
        for line in lines[1...2] {
            let columns = line.split(separator: " ", maxSplits: 2)
            #expect(line.hasPrefix("  ") && columns[1] == "%")
            #expect(columns[0].split(separator: ".").count == 2)
        }
        #expect(lines[1].prefix { $0 != "%" }.count == lines[2].prefix { $0 != "%" }.count)
        #expect(lines[3].isEmpty)
        #expect(lines[4] == "/nowhere/x.png")
        #expect(lines[5].contains("failed") && lines[5].contains("no such file"))
        #expect(!lines.joined().unicodeScalars.contains { $0.properties.generalCategory == .control })
    }

    @Test("the name of --output says the format, where --format does not", arguments: ["json", "jsonl", "csv"])
    func named(format: String) throws {
        let folder = try TemporaryFolder()
        let arguments = ["classify", "-q", star, "--device", "cpu", "--output"]
        _ = try FoveaProcess.results(arguments + [folder("rows." + format)])
        _ = try FoveaProcess.results(arguments + [folder("text." + format), "--format", "text"])
        for (name, expected) in [("rows", try output(format, [star])), ("text", try output("text", [star]))] {
            let written = String(decoding: try TemporaryFolder.read(folder("\(name).\(format)")), as: UTF8.self)
            #expect(written == expected)
        }
    }

    @Test("numbers have a point in every locale")
    func locale() throws {
        let outcome = try FoveaProcess.run(
            ["classify", "-q", star, "--format", "csv"], environment: ["LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"])
        let record = try #require(Self.records(outcome.output).dropFirst().first)
        #expect(record.count == 8 && Double(record[5]) != nil)
    }
}
