import Checkpoints
import Testing

/// One unsound file and the code of the answer to it.
struct UnsoundFile: CustomTestStringConvertible, Sendable {
    let name: String
    let code: CheckpointError.Code
    let bytes: [UInt8]

    var testDescription: String { "\(name) → \(code.rawValue)" }

    init(_ name: String, _ code: CheckpointError.Code, _ bytes: [UInt8]) {
        self.name = name
        self.code = code
        self.bytes = bytes
    }

    /// A file with a header as given.
    init(_ name: String, _ code: CheckpointError.Code, header: String, data: Int = 0) {
        self.init(name, code, SafeTensorsBuilder.file(header: header, data: [UInt8](repeating: 0, count: data)))
    }

    /// A file with one tensor whose fields are given as JSON text; a scalar F32 where they are not.
    init(
        _ name: String, _ code: CheckpointError.Code, dtype: String = #""F32""#, shape: String = "[]",
        offsets: String = "[0,4]", data: Int = 4
    ) {
        self.init(
            name, code, header: #"{"a":{"dtype":\#(dtype),"shape":\#(shape),"data_offsets":\#(offsets)}}"#, data: data)
    }
}

extension UnsoundFile {
    static let scalar = SafeTensorsBuilder.entry("a", "F32", [], 0..<4)

    static let framing = [
        UnsoundFile("empty", .safeTensorsShort, []),
        UnsoundFile("seven bytes", .safeTensorsShort, [1, 0, 0, 0, 0, 0, 0]),
        UnsoundFile("header of 2⁶⁴−1", .safeTensorsHeaderTooLarge, [UInt8](repeating: 0xFF, count: 16)),
        UnsoundFile("header of 2⁶³", .safeTensorsHeaderTooLarge, littleEndian([UInt64(1) << 63]) + Array("{}".utf8)),
        UnsoundFile("header one too long", .safeTensorsHeaderTooLarge, littleEndian([UInt64(100_000_001)]) + [0x7B]),
        UnsoundFile("longest header, file ends", .safeTensorsTruncated, littleEndian([UInt64(100_000_000)]) + [0x7B]),
        UnsoundFile("header longer than the file", .safeTensorsTruncated, littleEndian([UInt64(3)]) + Array("{}".utf8)),
        UnsoundFile("no header", .safeTensorsHeaderStart, littleEndian([UInt64(0)])),
        UnsoundFile("header is an array", .safeTensorsHeaderStart, header: "[]"),
        UnsoundFile("space before the header", .safeTensorsHeaderStart, header: " {}"),
        UnsoundFile("byte order mark", .safeTensorsHeaderStart, header: "\u{FEFF}{}"),
        UnsoundFile("Git LFS pointer", .notSafeTensors, Array("version https://git-lfs.github.com/spec/v1\noid".utf8)),
        UnsoundFile("web page", .notSafeTensors, Array("<html><body>Not found".utf8)),
        UnsoundFile("web page with doctype", .notSafeTensors, Array("<!DOCTYPE html>\n<html>".utf8)),
        UnsoundFile("zip", .notSafeTensors, [0x50, 0x4B, 3, 4] + [UInt8](repeating: 7, count: 60)),
        UnsoundFile("HDF5", .notSafeTensors, [0x89] + Array("HDF\r\n\u{1A}\n".utf8) + [0, 0, 0]),
        UnsoundFile("GGUF", .notSafeTensors, Array("GGUF".utf8) + [3, 0, 0, 0, 0, 0, 0, 0]),
    ]

    static let text = [
        UnsoundFile(
            "not UTF-8", .safeTensorsUTF8,
            SafeTensorsBuilder.file(header: Array(#"{""#.utf8) + [0xFF] + Array(#"":1}"#.utf8))),
        UnsoundFile(
            "overlong UTF-8", .safeTensorsUTF8,
            SafeTensorsBuilder.file(header: Array(#"{""#.utf8) + [0xC0, 0x80] + Array(#"":1}"#.utf8))),
        UnsoundFile("not JSON", .safeTensorsJSON, header: "{ this is not JSON }"),
        UnsoundFile("unclosed", .safeTensorsJSON, header: "{\(scalar)", data: 4),
        UnsoundFile("trailing comma", .safeTensorsJSON, header: "{\(scalar),}", data: 4),
        UnsoundFile("comment", .safeTensorsJSON, header: "{/**/\(scalar)}", data: 4),
        UnsoundFile("NaN", .safeTensorsJSON, header: #"{"a":{"x":NaN}}"#),
        UnsoundFile("number beyond Double", .safeTensorsJSON, header: #"{"a":{"x":1e400}}"#),
        UnsoundFile("lone surrogate", .safeTensorsJSON, header: #"{"\ud800":{}}"#),
        UnsoundFile("garbage behind the header", .safeTensorsJSON, header: "{\(scalar)}x", data: 4),
        UnsoundFile("second value behind the header", .safeTensorsJSON, header: "{\(scalar)}{}", data: 4),
        UnsoundFile("newline behind the header", .safeTensorsJSON, header: "{\(scalar)}\n", data: 4),
        UnsoundFile("zero behind the header", .safeTensorsJSON, header: "{\(scalar)} \0", data: 4),
        UnsoundFile("name twice", .safeTensorsDuplicate, header: "{\(scalar),\(scalar)}", data: 4),
        UnsoundFile(
            "field twice", .safeTensorsDuplicate,
            header: #"{"a":{"dtype":"F32","shape":[],"shape":[],"data_offsets":[0,4]}}"#, data: 4),
        UnsoundFile(
            "foreign field twice", .safeTensorsDuplicate,
            header: #"{"a":{"x":1,"x":1,"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, data: 4),
        UnsoundFile("metadata twice", .safeTensorsDuplicate, header: #"{"__metadata__":{},"__metadata__":{}}"#),
        UnsoundFile("metadata key twice", .safeTensorsDuplicate, header: #"{"__metadata__":{"k":"1","k":"2"}}"#),
        UnsoundFile("five deep", .safeTensorsDepth, header: #"{"a":{"x":[[[1]]]}}"#),
        UnsoundFile("200,000 deep", .safeTensorsDepth, header: #"{"a":"# + String(repeating: "[", count: 200_000)),
        UnsoundFile(
            "200,000 deep shape", .safeTensorsDepth, header: #"{"a":{"shape":"# + String(repeating: "[", count: 200_000)
        ),
        UnsoundFile(
            "name of 4097 bytes", .safeTensorsLimit,
            header: "{\(SafeTensorsBuilder.entry(String(repeating: "n", count: 4097), "F32", [], 0..<4))}", data: 4),
        UnsoundFile(
            "100,001 tensors", .safeTensorsLimit,
            header: "{"
                + (0...100_000).map { SafeTensorsBuilder.entry("\($0)", "U8", [0], 0..<0) }.joined(separator: ",") + "}"
        ),
        UnsoundFile(
            "65 axes", .safeTensorsLimit, shape: "[" + [String](repeating: "1", count: 65).joined(separator: ",") + "]"),
        UnsoundFile("metadata is a list", .safeTensorsMetadata, header: #"{"__metadata__":["x"]}"#),
        UnsoundFile("metadata holds a number", .safeTensorsMetadata, header: #"{"__metadata__":{"format":1}}"#),
        UnsoundFile("metadata holds an object", .safeTensorsMetadata, header: #"{"__metadata__":{"format":{}}}"#),
    ]

    static let fields = [
        UnsoundFile("tensor is a number", .safeTensorsField, header: #"{"a":1}"#),
        UnsoundFile("no fields", .safeTensorsField, header: #"{"a":{}}"#),
        UnsoundFile("no dtype", .safeTensorsField, header: #"{"a":{"shape":[],"data_offsets":[0,4]}}"#, data: 4),
        UnsoundFile("no shape", .safeTensorsField, header: #"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, data: 4),
        UnsoundFile("no offsets", .safeTensorsField, header: #"{"a":{"dtype":"F32","shape":[]}}"#, data: 4),
        UnsoundFile("dtype is a number", .safeTensorsField, dtype: "4"),
        UnsoundFile("F8_E4M3", .safeTensorsScalarType, dtype: #""F8_E4M3""#),
        UnsoundFile("I4", .safeTensorsScalarType, dtype: #""I4""#),
        UnsoundFile("f32 in lower case", .safeTensorsScalarType, dtype: #""f32""#),
        UnsoundFile("shape is a number", .safeTensorsShape, shape: "1"),
        UnsoundFile("negative length", .safeTensorsShape, shape: "[-1]"),
        UnsoundFile("negative zero", .safeTensorsShape, shape: "[-0]", offsets: "[0,0]", data: 0),
        UnsoundFile("fraction", .safeTensorsShape, shape: "[1.5]"),
        UnsoundFile("whole number with a point", .safeTensorsShape, shape: "[1.0]"),
        UnsoundFile("exponent", .safeTensorsShape, shape: "[1e3]"),
        UnsoundFile("length as text", .safeTensorsShape, shape: #"["2"]"#),
        UnsoundFile("length of 2⁶³", .safeTensorsShape, shape: "[9223372036854775808]"),
        UnsoundFile("length of 2⁶⁴", .safeTensorsShape, shape: "[18446744073709551616]"),
        UnsoundFile("product beyond 2⁶⁴", .safeTensorsOverflow, shape: "[2,18446744073709551614]"),
        UnsoundFile("product beyond 2⁶³", .safeTensorsOverflow, shape: "[2,9223372036854775807]"),
        UnsoundFile("bytes beyond 2⁶³", .safeTensorsOverflow, shape: "[2305843009213693952]"),
        UnsoundFile(
            "overflow behind a zero", .safeTensorsOverflow, shape: "[4294967296,4294967296,0]", offsets: "[0,0]",
            data: 0),
        UnsoundFile("negative offset", .safeTensorsOffset, offsets: "[-4,0]"),
        UnsoundFile("end before begin", .safeTensorsOffset, offsets: "[4,0]"),
        UnsoundFile("three offsets", .safeTensorsOffset, offsets: "[0,4,8]"),
        UnsoundFile("one offset", .safeTensorsOffset, offsets: "[0]"),
        UnsoundFile("offset with a point", .safeTensorsOffset, offsets: "[0,4.0]"),
        UnsoundFile("offset of 2⁶⁴−4", .safeTensorsOffset, offsets: "[18446744073709551612,0]"),
        UnsoundFile("offsets are an object", .safeTensorsOffset, offsets: "{}"),
        UnsoundFile("end beyond the file", .safeTensorsTruncated, shape: "[4]", offsets: "[0,16]", data: 12),
        UnsoundFile("no data at all", .safeTensorsTruncated, data: 0),
        UnsoundFile("size is not shape times type", .safeTensorsSize, shape: "[2]"),
        UnsoundFile("empty shape, no bytes", .safeTensorsSize, offsets: "[0,0]", data: 0),
    ]

    static let coverage = [
        UnsoundFile(
            "two tensors on the same bytes", .safeTensorsOverlap,
            header: "{\(scalar),\(SafeTensorsBuilder.entry("b", "F32", [], 0..<4))}", data: 4),
        UnsoundFile(
            "half overlap", .safeTensorsOverlap,
            header:
                "{\(SafeTensorsBuilder.entry("a", "U8", [4], 0..<4)),\(SafeTensorsBuilder.entry("b", "U8", [4], 2..<6))}",
            data: 6),
        UnsoundFile(
            "10,000 names on one range", .safeTensorsOverlap,
            header: "{"
                + (0..<10_000).map { SafeTensorsBuilder.entry("\($0)", "F32", [], 0..<4) }.joined(separator: ",") + "}",
            data: 4),
        UnsoundFile(
            "empty tensor within another", .safeTensorsOverlap,
            header: "{\(scalar),\(SafeTensorsBuilder.entry("b", "F32", [0], 2..<2))}", data: 4),
        UnsoundFile("hole before the first", .safeTensorsHole, offsets: "[4,8]", data: 8),
        UnsoundFile(
            "hole between two", .safeTensorsHole,
            header: "{\(scalar),\(SafeTensorsBuilder.entry("b", "F32", [], 8..<12))}", data: 12),
        UnsoundFile("bytes behind the last", .safeTensorsHole, data: 5),
        UnsoundFile("bytes and no tensor", .safeTensorsHole, header: "{}", data: 1),
    ]

    static let all = framing + text + fields + coverage
}

@Suite("Unsound safetensors files")
struct SafeTensorsCatalogueTests {
    @Test("Each is refused with its code", arguments: UnsoundFile.all)
    func refused(file: UnsoundFile) {
        let error = expectFailure(file.code) { try SafeTensors(bytes: file.bytes, name: "model.safetensors") }
        let sentence = error?.description ?? ""
        #expect(sentence.hasPrefix("model.safetensors: "))
        #expect(sentence.utf8.count < 700, "\(sentence)")
    }

    @Test("Each is refused from disk as from memory", arguments: UnsoundFile.all.filter { $0.bytes.count < 10_000 })
    func refusedOnDisk(file: UnsoundFile) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(file.bytes, to: "model.safetensors")
        expectFailure(file.code) { try SafeTensors(contentsOf: path) }
    }

    @Test("A truncated file tells both numbers and what to do")
    func sentence() {
        let file = SafeTensorsBuilder.file([("blocks.3.attn.qkv.weight", [4], [1, 2, 3, 4])])
        let error = expectFailure(.safeTensorsTruncated) {
            try SafeTensors(bytes: file.dropLast(4), name: "model.safetensors")
        }
        #expect(
            error?.description == """
                model.safetensors: tensor 'blocks.3.attn.qkv.weight' reaches beyond the end of the file: found an end at \
                byte 16 of the data, expected at most 12; the file is incomplete, download it again
                """)
    }

    @Test("A name cannot drive the terminal")
    func escaping() {
        let file = UnsoundFile("", .safeTensorsField, header: #"{"\u001b[2Jred":{}}"#)
        let error = expectFailure(.safeTensorsField) { try SafeTensors(bytes: file.bytes, name: "a\nb") }
        #expect(error?.description.hasPrefix("a\\u{a}b: tensor '\\u{1b}[2Jred' has no dtype") == true)
    }
}
