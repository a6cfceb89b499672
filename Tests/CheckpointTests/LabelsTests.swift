import Checkpoints
import Testing

@Suite("Labels")
struct LabelsTests {
    private static func labels(_ text: String) throws -> [Labels.Label] {
        try Labels(parsing: Array(text.utf8), file: "labels.txt").labels
    }

    private static func labels(json: String) throws -> [Labels.Label]? {
        try Labels(Configuration(parsing: Array(json.utf8), file: "config.json"))?.labels
    }

    @Test("ImageNet-1k")
    func imageNet() {
        let labels = ImageNetList.imageNet1k.labels
        #expect(labels.count == 1000)
        #expect(labels[0] == Labels.Label("n01440764", description: "tench, Tinca tinca"))
        #expect(labels[281] == Labels.Label("n02123045", description: "tabby, tabby cat"))
        #expect(labels[999] == Labels.Label("n15075141", description: "toilet tissue, toilet paper, bathroom tissue"))
        #expect(labels[1000] == nil)
        #expect(Set(labels.labels.map(\.name)).count == 1000)
        #expect(labels.labels.allSatisfy { $0.description?.isEmpty == false })
        #expect(labels.labels.map(\.name) == labels.labels.map(\.name).sorted())
    }

    @Test(
        "ImageNet's larger lists: their numbers of classes, their order, their words", arguments: ImageNetList.allCases)
    func largerLists(list: ImageNetList) {
        let labels = list.labels.labels
        let names = labels.map(\.name)
        #expect(labels.count == list.rawValue && Set(names).count == labels.count)
        #expect(labels.allSatisfy { $0.name.utf8.count == 9 && $0.description?.isEmpty == false })
        // The order of the logits, by hand from timm's lists.
        let known: [ImageNetList: [Int: String]] = [
            .imageNet1k: [0: "n01440764", 999: "n15075141"], .miil21k: [0: "n00005787", 11220: "n15102894"],
            .imageNet12k: [0: "n00005787", 1: "n00006484", 11820: "n15102894"],
            .imageNet22k: [0: "n00004475", 21840: "n15102894"],
            .microsoft22k: [0: "n01440764", 999: "n15075141", 1000: "n00004475", 21841: "n15102894"],
            .google21k: [0: "n00004475", 21842: "n15102894"],
        ]
        for (index, name) in known[list] ?? [:] { #expect(names[index] == name) }
        #expect(list == .microsoft22k || names == names.sorted())
        #expect(labels.contains(.init("n00005787", description: "benthos")) == (list != .imageNet1k))
    }

    @Test("ImageNet-1k is what timm gives", .requiresShared)
    func imageNetOfTimm() throws {
        let folder = Place.shared + "/models/deit_tiny_patch16_224"
        #expect(try Labels(contentsOf: folder + "/synset_words.txt") == ImageNetList.imageNet1k.labels)
        #expect(try Labels(Configuration(contentsOf: folder + "/config.json")) == ImageNetList.imageNet1k.labels)
    }

    @Test("One label a line, whatever the line ends")
    func lines() throws {
        #expect(try Self.labels("cat\ndog\n").map(\.name) == ["cat", "dog"])
        #expect(try Self.labels("cat\r\ndog").map(\.name) == ["cat", "dog"])
        #expect(try Self.labels("\u{FEFF}Katze\n\nHündin\n").map(\.name) == ["Katze", "", "Hündin"])
        #expect(try Self.labels("cat\ncat\n").map(\.name) == ["cat", "cat"])
        #expect(try Self.labels("").isEmpty)
        #expect(try Self.labels("n01440764 tench\nn01443537\n")[0].name == "n01440764 tench")
        #expect(try Self.labels("n01440764 tench, x\n") == [Labels.Label("n01440764", description: "tench, x")])
    }

    @Test("Bad label files are refused, with the line")
    func bad() throws {
        let error = expectFailure(.labelsUTF8) { try Labels(parsing: Array("a\nb\n".utf8) + [0xE9, 0x0A], file: "l") }
        #expect(error?.found == "byte 233 in line 3")
        expectFailure(.labelsLimit) { try Self.labels("a\n" + String(repeating: "b", count: 1025)) }
        _ = try Self.labels(String(repeating: "b", count: 1024) + "\r\n")
        let folder = try TemporaryFolder()
        expectFailure(.fileNotFound) { try Labels(contentsOf: folder("none")) }
        let thousand = ImageNetList.imageNet1k.labels
        expectFailure(.labelsCount) { try thousand.check(classes: 999, file: "l") }
        try thousand.check(classes: 1000, file: "l")
    }

    @Test("Labels of a Hugging Face configuration")
    func huggingFace() throws {
        #expect(try Self.labels(json: #"{"id2label":{"1":"dog","0":"cat"}}"#)?.map(\.name) == ["cat", "dog"])
        #expect(try Self.labels(json: #"{"id2label":{"0":"LABEL_0","1":"LABEL_1"}}"#) == nil)
        #expect(try Self.labels(json: #"{"id2label":{}}"#) == nil)
        #expect(try Self.labels(json: #"{"model_type":"vit"}"#) == nil)
        for keys in [#""0":"a","2":"b""#, #""1":"a""#, #""-1":"a","0":"b""#, #""x":"a""#, #""00":"a""#, #""+0":"a""#] {
            expectFailure(.labelsKeys) { try Self.labels(json: "{\"id2label\":{\(keys)}}") }
        }
        expectFailure(.configurationType) { try Self.labels(json: #"{"id2label":{"0":1}}"#) }
        expectFailure(.configurationType) { try Self.labels(json: #"{"id2label":"cat"}"#) }
    }

    @Test("Labels of a timm configuration")
    func timm() throws {
        let described = [Labels.Label("n1", description: "one"), Labels.Label("n2")]
        #expect(try Self.labels(json: #"{"label_names":["n1","n2"],"label_descriptions":{"n1":"one"}}"#) == described)
        #expect(
            try Self.labels(json: #"{"label_names":{"1":"n2","0":"n1"},"label_descriptions":{"n1":"one"}}"#)
                == described)
        #expect(
            try Self.labels(json: #"{"pretrained_cfg":{"label_names":["n1","n2"],"label_descriptions":{"n1":"one"}}}"#)
                == described)
        #expect(try Self.labels(json: #"{"labels":["b"],"pretrained_cfg":{"labels":["a"]}}"#)?.map(\.name) == ["b"])
        #expect(try Self.labels(json: #"{"labels":["a"]}"#)?.map(\.name) == ["a"])
        #expect(try Self.labels(json: #"{"label_names":null}"#) == nil)
        expectFailure(.configurationType) {
            try Self.labels(json: #"{"label_names":["a"],"label_descriptions":{"a":1}}"#)
        }
        let long = String(repeating: "x", count: 1025)
        expectFailure(.labelsLimit) { try Self.labels(json: "{\"label_names\":[\"\(long)\"]}") }
    }
}
