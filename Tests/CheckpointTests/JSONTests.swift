import Checkpoints
import Testing

@Suite("JSON")
struct JSONTests {
    @Test("Every kind of value is read")
    func values() throws {
        let json = try JSON(
            parsing: #" { "a" : [ 1 , -2.5e3, true , false , null ] , "b" : { "c" : "d" } , "" : [] , "e": {} } "#)
        #expect(json.object?.keys == ["a", "b", "", "e"])
        #expect(json["a"]?[0]?.integer == 1)
        #expect(json["a"]?[1]?.double == -2500)
        #expect(json["a"]?[2]?.bool == true)
        #expect(json["a"]?[3]?.bool == false)
        #expect(json["a"]?[4]?.isNull == true)
        #expect(json["a"]?[5] == nil)
        #expect(json["b"]?["c"]?.string == "d")
        #expect(json[""]?.array == [])
        #expect(json["e"]?.object?.members.isEmpty == true)
        #expect(json["absent"] == nil)
    }

    @Test(
        "An integer is a literal without fraction or exponent",
        arguments: [
            ("1", 1), ("-0", 0), ("-7", -7), ("9223372036854775807", Int.max), ("9223372036854775808", nil),
            ("1.0", nil),
            ("1e3", nil), ("1E0", nil), ("0.5", nil),
        ] as [(String, Int?)])
    func integers(literal: String, value: Int?) throws {
        let json = try JSON(parsing: literal)
        #expect(json.integer == value)
        #expect(json.double == Double(literal))
        #expect(json.text() == literal)
    }

    @Test(
        "Escapes are resolved",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9x""#, "Aéx"),
            (#""\ud83d\ude00!""#, "😀!"),
            (#""plain é 😀""#, "plain é 😀"), (#""\u0000""#, "\0"), (#""""#, ""),
        ])
    func escapes(text: String, value: String) throws {
        #expect(try JSON(parsing: text).string == value)
    }

    @Test(
        "What is not JSON is refused where it stops being JSON",
        arguments: [
            ("", .syntax, 0), ("  ", .syntax, 2), ("[1,]", .syntax, 3), (#"{"a":1,}"#, .syntax, 7),
            ("[,1]", .syntax, 1),
            ("[1 2]", .syntax, 3), ("[1,,2]", .syntax, 3), ("{} x", .syntax, 3), ("{}{}", .syntax, 2),
            ("[", .syntax, 1),
            (#"{"a""#, .syntax, 4), (#"{"a":"#, .syntax, 5), ("{a:1}", .syntax, 1), ("{'a':1}", .syntax, 1),
            ("// c\n1", .syntax, 0), ("[1/*c*/]", .syntax, 2), ("NaN", .syntax, 0), ("Infinity", .syntax, 0),
            ("-Infinity", .syntax, 1), ("nul", .syntax, 0), ("truth", .syntax, 0), ("01", .syntax, 1),
            ("+1", .syntax, 0),
            (".5", .syntax, 0), ("1.", .syntax, 2), ("1.e3", .syntax, 2), ("1e", .syntax, 2), ("-", .syntax, 1),
            ("0x1", .syntax, 1), (#""a"#, .syntax, 0), ("\"a\nb\"", .syntax, 2), (#""\x""#, .syntax, 1),
            (#""\u12g4""#, .syntax, 5), (#""\ud800""#, .syntax, 1), (#""\ud800x""#, .syntax, 1),
            (#""\udc00""#, .syntax, 1),
            (#""\ud800\ud800""#, .syntax, 1), (#""\ud800\n""#, .syntax, 1), (#""\"#, .syntax, 1),
            (#""\u12"#, .syntax, 5),
            ("1e400", .number, 0), ("[-1e999]", .number, 1),
            (String(repeating: "9", count: 310), .number, 0), ("0." + String(repeating: "0", count: 1023), .number, 0),
            (#"{"a":1,"a":2}"#, .duplicateKey, 11),
            (#"{"a":1,"\u0061":2}"#, .duplicateKey, 16), ("\u{FEFF}{}", .encoding, 0), ("[1}", .syntax, 2),
            ("{]", .syntax, 1), ("\u{A0}1", .syntax, 0),
        ] as [(String, JSON.ParseError.Kind, Int)])
    func refused(text: String, kind: JSON.ParseError.Kind, offset: Int) {
        let error = #expect(throws: JSON.ParseError.self) { try JSON(parsing: text) }
        #expect(error?.kind == kind, "\(String(describing: error))")
        #expect(error?.offset == offset, "\(String(describing: error))")
    }

    @Test(
        "Malformed UTF-8 is refused at its first byte",
        arguments: [
            ([0x80], 0), ([0x41, 0xFF], 1), ([0xC0, 0xAF], 0), ([0xC1, 0xBF], 0), ([0xE0, 0x80, 0xAF], 0),
            ([0xED, 0xA0, 0x80], 0), ([0xF0, 0x8F, 0xBF, 0xBF], 0), ([0xF4, 0x90, 0x80, 0x80], 0),
            ([0xF5, 0x80, 0x80, 0x80], 0), ([0xE2, 0x82], 0), ([0x41, 0xC3], 1), ([0xF0, 0x9F, 0x98, 0x41], 0),
        ] as [([UInt8], Int)])
    func malformedUTF8(bytes: [UInt8], offset: Int) {
        #expect(UTF8.firstMalformedOffset(in: bytes) == offset)
        let error = #expect(throws: JSON.ParseError.self) { try JSON(parsing: [0x22] + bytes + [0x22]) }
        #expect(error?.kind == .encoding)
    }

    @Test("Every Unicode scalar is well-formed UTF-8")
    func wellFormedUTF8() {
        let all = String(String.UnicodeScalarView((0...0x10FFFF).compactMap(Unicode.Scalar.init)))
        #expect(UTF8.firstMalformedOffset(in: Array(all.utf8)) == nil)
    }

    @Test("Depth is limited without recursion beyond the limit")
    func depth() throws {
        _ = try JSON(parsing: "[[[[]]]]", depthLimit: 4)
        for text in ["[[[[[]]]]]", String(repeating: "[", count: 200_000), #"{"a":[{"b":[{"#] {
            let error = #expect(throws: JSON.ParseError.self) { try JSON(parsing: text, depthLimit: 4) }
            #expect(error?.kind == .depth)
        }
    }

    @Test("Errors tell line and column")
    func position() {
        let error = #expect(throws: JSON.ParseError.self) { try JSON(parsing: "{\n  \"a\": 1,\n  \"b\": nope\n}") }
        #expect(error?.line == 3)
        #expect(error?.column == 8)
        #expect(error?.description.hasPrefix("line 3, column 8 (byte 19): ") == true)
    }

    @Test("Writing gives back what was read")
    func roundTrip() throws {
        let text =
            #"{"b":[1,1.0,1e3,-0.5],"a":{"quote\"":"tab\tline\nbell\u0007","é":"😀"},"n":null,"t":true,"e":[],"o":{}}"#
        let json = try JSON(parsing: text)
        #expect(json.text() == text)
        #expect(try JSON(parsing: json.text(.pretty)) == json)
    }

    @Test("Numbers are written as their shortest literal, and null where they are not finite")
    func numbers() {
        let json: JSON = [
            JSON(Float(0.1)), JSON(0.1), JSON(Double.nan), JSON(-Float.infinity), JSON(1e300), 3, 2.0, nil,
        ]
        #expect(json.text() == "[0.1,0.1,null,null,1e+300,3,2.0,null]")
    }

    @Test("Random Floats survive writing and reading")
    func randomFloats() throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<5000 {
            let value = Float(bitPattern: UInt32.random(in: 0 ... .max, using: &generator))
            guard value.isFinite else { continue }
            let read = try JSON(parsing: JSON(value).text()).double
            #expect(read.map(Float.init) == value)
        }
    }

    @Test("Pretty text keeps short things on one line")
    func pretty() {
        let row: JSON = ["index": 281, "label": "n02123045", "description": "tabby, tabby cat", "probability": 0.42]
        let json: JSON = ["model": "m", "results": [["input": "cat.jpg", "predictions": [row, row]]], "none": []]
        let inner = #"{"index": 281, "label": "n02123045", "description": "tabby, tabby cat", "probability": 0.42}"#
        #expect(
            json.text(.pretty) == """
                {
                  "model": "m",
                  "results": [
                    {
                      "input": "cat.jpg",
                      "predictions": [
                        \(inner),
                        \(inner)
                      ]
                    }
                  ],
                  "none": []
                }
                """)
    }

    @Test("An object keeps order through changes, small or large", arguments: [3, 50])
    func object(count: Int) throws {
        var object = JSON.Object()
        for number in 0..<count { object["k\(number)"] = JSON(number) }
        object["k1"] = "changed"
        object["k0"] = nil
        #expect(object.keys == (1..<count).map { "k\($0)" })
        #expect(object["k0"] == nil)
        #expect(object["k1"] == "changed")
        #expect(object["k\(count - 1)"] == JSON(count - 1))
        #expect(try JSON(parsing: JSON.object(object).text()) == .object(object))
    }

    @Test("Damaged text never crashes and never passes as another value's text")
    func corruption() throws {
        let text = Array(#"{"a":[1,-2.5e3,true,null,"x\u0041\ud83d\ude00é"],"b":{"c":{}},"d":"\\\"\n"}"#.utf8)
        var generator = SeededGenerator(seed: 2)
        var accepted = 0
        for _ in 0..<20_000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            damaged.removeLast(Int.random(in: 0...3, using: &generator) / 3)
            guard let json = try? JSON(parsing: damaged) else { continue }
            accepted += 1
            #expect(try JSON(parsing: json.text()) == json)
        }
        #expect(accepted > 0)
    }
}
