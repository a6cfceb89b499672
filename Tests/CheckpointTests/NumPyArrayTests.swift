import Checkpoints
import Operations
import Testing

@Suite("NumPy arrays")
struct NumPyArrayTests {
    /// The array of the fixtures.
    private static let values = (0..<24).map { Float($0) / 8 - 1 }

    private static func fixture(_ name: String) throws -> NumPyArray {
        try NumPyArray(contentsOf: "\(Place.fixtures)/\(name).npy")
    }

    @Test(
        "Every encoding of one array reads the same",
        arguments: ["f2", "f4", "f8", "f4-big", "f4-fortran", "f4-v2", "f4-v3"])
    func encodings(name: String) throws {
        #expect(try Self.fixture(name).tensor() == HostTensor([2, 3, 4], Self.values))
    }

    @Test("Bytes, integers, scalars and empty arrays")
    func others() throws {
        #expect(try Self.fixture("u1").bytes() == Array(0..<24))
        #expect(try Self.fixture("u1-fortran").bytes() == Array(0..<24))
        #expect(try Self.fixture("u1").tensor().values == (0..<24).map { Float($0) })
        #expect(try Self.fixture("i8").tensor() == HostTensor([5], [-2, -1, 0, 1, 2]))
        #expect(try Self.fixture("scalar").tensor() == HostTensor([], [2.5]))
        #expect(try Self.fixture("empty").tensor() == HostTensor([0, 3], []))
        expectFailure(.numPyScalarType) { try Self.fixture("f4").bytes() }
    }

    @Test("Pickles and structures are refused", arguments: ["object", "structured"])
    func objects(name: String) {
        expectFailure(.numPyObject) { try Self.fixture(name) }
    }

    /// A version 1 file with a header as given.
    private static func file(_ header: String, data: Int = 0, version: [UInt8] = [1, 0]) -> [UInt8] {
        let length =
            version[0] == 1 ? littleEndian([UInt16(header.utf8.count)]) : littleEndian([UInt32(header.utf8.count)])
        return [0x93] + Array("NUMPY".utf8) + version + length + Array(header.utf8) + [UInt8](repeating: 0, count: data)
    }

    private static func header(descr: String = "'<f4'", order: String = "False", shape: String) -> String {
        "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }\n"
    }

    @Test(
        "Unsound files are refused",
        arguments: [
            ([], .numPyMagic), (Array("\u{1}NUMPY\u{1}\0xxxx".utf8), .numPyMagic),
            (Array("P5 16 16 255\n".utf8), .numPyMagic),
            (file(header(shape: "(1,)"), data: 4, version: [4, 0]), .numPyVersion),
            (file(header(shape: "(1,)"), data: 4, version: [1, 1]), .numPyVersion),
            (file(header(shape: "(1,)"), data: 4, version: [0, 0]), .numPyVersion),
            ([0x93] + Array("NUMPY".utf8) + [2, 0, 0xFF, 0xFF, 0xFF, 0xFF], .numPyHeader),
            ([0x93] + Array("NUMPY".utf8) + [2, 0, 1, 0], .numPyHeader),
            (
                [0x93] + Array("NUMPY".utf8) + [2, 0] + littleEndian([UInt32(70_000)])
                    + [UInt8](repeating: 32, count: 80_000), .numPyHeader
            ),
            (Array(file(header(shape: "(1,)")).prefix(40)), .numPyHeader),
            (file("{'descr': '<f4', 'fortran_order': False, }"), .numPyHeader),
            (file("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (), }", data: 4), .numPyHeader),
            (file("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}", data: 4), .numPyHeader),
            (file("{'descr': '<f4', 'fortran_order': False, 'shape': ()} + x", data: 4), .numPyHeader),
            (file("__import__('os').system('true')"), .numPyHeader), (file(""), .numPyHeader),
            (file("{"), .numPyHeader),
            (file("{'descr"), .numPyHeader), (file(header(order: "0", shape: "()"), data: 4), .numPyHeader),
            (file(header(shape: "(-1,)"), data: 4), .numPyHeader), (file(header(shape: "(1)"), data: 4), .numPyHeader),
            (file(header(shape: "(1.0,)"), data: 4), .numPyHeader), (file(header(shape: "[1]"), data: 4), .numPyHeader),
            (file(header(shape: "(1,,2)"), data: 8), .numPyHeader),
            (file(header(shape: "(1 2)"), data: 8), .numPyHeader),
            (file(header(shape: "(99999999999999999999,)"), data: 4), .numPyHeader),
            (file(header(shape: "(" + String(repeating: "1,", count: 65) + ")"), data: 4), .numPyHeader),
            (file(header(descr: "'|O'", shape: "(1,)"), data: 8), .numPyObject),
            (file(header(descr: "[('x', '<f4')]", shape: "(1,)"), data: 4), .numPyObject),
            (file(header(descr: "'<c8'", shape: "(1,)"), data: 8), .numPyScalarType),
            (file(header(descr: "'<U4'", shape: "(1,)"), data: 16), .numPyScalarType),
            (file(header(descr: "'f4'", shape: "(1,)"), data: 4), .numPyScalarType),
            (file(header(descr: "'<f16'", shape: "(1,)"), data: 16), .numPyScalarType),
            (file(header(shape: "(4294967296, 4294967296)"), data: 4), .numPyOverflow),
            (file(header(shape: "(4611686018427387904,)"), data: 4), .numPyOverflow),
            (file(header(descr: "'<f8'", shape: "(65536, 65536)")), .numPySize),
            (file(header(shape: "(2,)"), data: 4), .numPySize), (file(header(shape: "(1,)"), data: 5), .numPySize),
        ] as [([UInt8], CheckpointError.Code)])
    func refused(bytes: [UInt8], code: CheckpointError.Code) {
        expectFailure(code) { try NumPyArray(bytes: bytes, name: "x.npy") }
    }

    @Test("Unusual but legal headers are read")
    func lenient() throws {
        let compact = "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"=f4\"}"
        #expect(try NumPyArray(bytes: Self.file(compact, data: 8), name: "x").tensor() == HostTensor([2]))
        let brain = Self.file(Self.header(descr: "'|V2'", shape: "(1,)")) + [0x80, 0x3F]
        #expect(try NumPyArray(bytes: brain, name: "x").tensor().values == [1])
        let noComma = Self.file(Self.header(shape: "(1, 2)"), data: 8)
        #expect(try NumPyArray(bytes: noComma, name: "x").shape == [1, 2])
    }

    @Test("Big-endian data of every width is converted")
    func bigEndian() throws {
        func values(_ descr: String, _ data: [UInt8]) throws -> [Float] {
            let file = Self.file(Self.header(descr: "'\(descr)'", shape: "(1,)")) + data
            return try NumPyArray(bytes: file, name: "x").tensor().values
        }
        #expect(try values(">f2", [0x3C, 0]) == [1])
        #expect(try values(">f8", [0x40, 0, 0, 0, 0, 0, 0, 0]) == [2])
        #expect(try values(">i4", [0xFF, 0xFF, 0xFF, 0xFE]) == [-2])
        #expect(try values(">u2", [1, 0]) == [256])
    }

    @Test(
        "What is written reads back, byte for byte as NumPy writes it", arguments: ["f4", "scalar", "vector", "empty"])
    func writing(name: String) throws {
        let folder = try TemporaryFolder()
        let tensor = try Self.fixture(name).tensor()
        try NumPyArray.write(tensor, to: folder("x.npy"))
        #expect(folder.names == ["x.npy"])
        #expect(try NumPyArray(contentsOf: folder("x.npy")).tensor() == tensor)
        let ours = try folder.read("x.npy")
        #expect(NumPyArray.header(for: tensor.shape).count % 64 == 0)
        #expect(ours.count == NumPyArray.header(for: tensor.shape).count + tensor.values.count * 4)
        let theirs = try ByteSource.file(InputFile("\(Place.fixtures)/\(name).npy"))
        #expect(ours == (try theirs.bytes(in: 0..<theirs.size)))
    }

    @Test("Random damage never crashes")
    func corruption() throws {
        let sound = Self.file(Self.header(order: "True", shape: "(2, 3)"), data: 24)
        var generator = SeededGenerator(seed: 4)
        var accepted = 0
        for _ in 0..<6000 {
            var file = sound
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let position = Int.random(in: 0..<80, using: &generator)
                file[position] = UInt8.random(in: 0...127, using: &generator)
            }
            if Bool.random(using: &generator) { file.removeLast(Int.random(in: 0...file.count, using: &generator)) }
            guard let array = try? NumPyArray(bytes: file, name: "x") else { continue }
            accepted += 1
            #expect(try array.tensor().shape == array.shape)
        }
        #expect(accepted > 20)
    }
}
