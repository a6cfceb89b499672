import Checkpoints
import Operations
import Testing

@Suite("NumPy archives")
struct NumPyArchiveTests {
    private static let expected = HostTensor([2, 3, 4], (0..<24).map { Float($0) / 8 - 1 })

    @Test("Every encoding of one array reads the same", arguments: ["arrays", "arrays-deflated"])
    func encodings(name: String) throws {
        let checkpoint = try NumPyArchive(contentsOf: "\(Place.fixtures)/\(name).npz")
        #expect(checkpoint.names == ["f2", "f4", "f8", "big", "fortran", "bf16", "dir/part", "ids", "scalar"])
        for name in ["f2", "f4", "f8", "big", "fortran", "bf16", "dir/part"] {
            #expect(try checkpoint.read(name) == Self.expected)
            // Before the whole and after it: a slice of a member whose checksum is known takes another way.
            for slice in [1, 0] {
                let fresh = try NumPyArchive(contentsOf: checkpoint.file)
                let values = Array(Self.expected.values[(slice * 12)..<((slice + 1) * 12)])
                #expect(try fresh.readCounting(name, slice: slice).tensor == HostTensor([3, 4], values))
                #expect(try checkpoint.readCounting(name, slice: slice).tensor == HostTensor([3, 4], values))
            }
        }
        #expect(checkpoint.layout(of: "bf16") == TensorLayout(.bfloat16, [2, 3, 4]))
        #expect(try checkpoint.read("scalar") == HostTensor([], [2.5]))
        #expect(checkpoint.layout(of: "ids") == TensorLayout(.int64, [3]))
        expectFailure(.numPyScalarType) { try checkpoint.read("ids") }
        expectFailure(.modelMissing) { try checkpoint.read("none") }
    }

    @Test("Sizes behind the content, and members that are no arrays")
    func streamed() throws {
        let checkpoint = try NumPyArchive(contentsOf: Place.fixtures + "/arrays-streamed.npz")
        #expect(checkpoint.names == ["f4"])
        #expect(try checkpoint.read("f4") == Self.expected)
    }

    @Test("NaN and infinity are counted where they lie")
    func nonFinite() throws {
        let values = littleEndian([1, Float.infinity, 2, Float.nan])
        let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }"
        let archive = ZipBuilder.array(header: header, data: values).bytes
        let checkpoint = try NumPyArchive(bytes: archive, name: "x.npz")
        // Row-major: 1, 2, ∞, NaN.
        #expect(try checkpoint.readCounting("a").nonFinite == NonFiniteCount(count: 2, firstIndex: 2))
        #expect(try checkpoint.readCounting("a", slice: 1).nonFinite == NonFiniteCount(count: 2, firstIndex: 0))
        expectFailure(.modelNonFinite) { try checkpoint.read("a") }
    }

    private static let sound = ZipBuilder.array()

    private static func member(_ change: (inout ZipBuilder.Member) -> Void) -> [UInt8] {
        sound.with { change(&$0.members[0]) }.bytes
    }

    static let unsound: [UnsoundFile] = [
        UnsoundFile("no end", .zipTruncated, Array(sound.bytes.dropLast())),
        UnsoundFile("start alone", .zipTruncated, Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 40)),
        UnsoundFile("bytes behind the end", .zipTruncated, sound.bytes + [0]),
        UnsoundFile("directory beyond the end", .zipTruncated, sound.with { $0.directorySize = 0x7FFF_FFFF }.bytes),
        UnsoundFile("directory elsewhere", .zipTruncated, sound.with { $0.directoryOffset = 3 }.bytes),
        UnsoundFile("gap before the end", .zipTruncated, sound.with { $0.beforeEnd = [1, 2, 3] }.bytes),
        UnsoundFile("more members than listed", .zipTruncated, sound.with { $0.count = 0 }.bytes),
        UnsoundFile("fewer members than listed", .zipTruncated, sound.with { $0.count = 2 }.bytes),
        UnsoundFile("Zip64 without its end", .zip64, sound.with { $0.count = 0xFFFF }.bytes),
        UnsoundFile("second disk", .zipMethod, sound.with { $0.disk = 1 }.bytes),
        UnsoundFile("encrypted", .zipEncrypted, member { $0.flags = 1 }),
        UnsoundFile("strongly encrypted", .zipEncrypted, member { $0.flags = 0x40 }),
        UnsoundFile("masked header", .zipEncrypted, member { $0.flags = 0x2000 }),
        UnsoundFile("bzip2", .zipMethod, member { $0.method = 12 }),
        UnsoundFile("another name before the member", .zipMismatch, member { $0.ownName = Array("b.npy".utf8) }),
        UnsoundFile("another method before the member", .zipMismatch, member { $0.ownMethod = 8 }),
        UnsoundFile("another size before the member", .zipMismatch, member { $0.ownSize = 1 }),
        UnsoundFile("stored at another length", .zipMismatch, member { $0.size = 5000 }),
        UnsoundFile("Zip64 size without its field", .zip64, member { $0.size = 0xFFFF_FFFF }),
        UnsoundFile(
            "Zip64 size beyond everything", .zipTruncated,
            member {
                ($0.size, $0.storedSize) = (0xFFFF_FFFF, 0xFFFF_FFFF)
                $0.extra = [1, 0, 16, 0] + [UInt8](repeating: 0xFF, count: 16)
            }),
        UnsoundFile(
            "short Zip64 field", .zip64, member { ($0.size, $0.extra) = (0xFFFF_FFFF, [1, 0, 4, 0, 1, 0, 0, 0]) }),
        UnsoundFile("member beyond the archive", .zipTruncated, member { $0.offset = 0x7FFF_FFFF }),
        UnsoundFile("member in the directory", .zipTruncated, member { $0.offset = UInt32(sound.bytes.count - 60) }),
        UnsoundFile("no header where the member should be", .zipMismatch, member { $0.offset = 4 }),
        UnsoundFile(
            "two members in one place", .zipOverlap,
            sound.with {
                $0.members.append(.init("b.npy", []))
                ($0.members[1].ownName, $0.members[1].name) = (nil, Array("b.npy".utf8))
                $0.members[0].content += [UInt8](repeating: 0, count: 4)
                $0.members[0].content = Self.nested(name: "b.npy", in: $0.members[0].content)
                $0.members[1].offset = UInt32(30 + 5)
            }.bytes),
        UnsoundFile("content that cannot be", .zipRatio, member { ($0.method, $0.size) = (8, 0x7000_0000) }),
        UnsoundFile("way up", .zipName, ZipBuilder.array("../a.npy").bytes),
        UnsoundFile("way up within", .zipName, ZipBuilder.array("x/../../a.npy").bytes),
        UnsoundFile("absolute", .zipName, ZipBuilder.array("/a.npy").bytes),
        UnsoundFile("backslash", .zipName, ZipBuilder.array("..\\a.npy").bytes),
        UnsoundFile("NUL in the name", .zipName, ZipBuilder.array("a\0.npy").bytes),
        UnsoundFile("no name", .zipName, ZipBuilder.array("").bytes),
        UnsoundFile("name that is not UTF-8", .zipName, member { $0.name = [0xFF, 0xFE] + $0.name }),
        UnsoundFile("name twice", .zipName, sound.with { $0.members.append($0.members[0]) }.bytes),
        UnsoundFile("deflated in name only", .zipData, member { $0.method = 8 }),
        UnsoundFile("no arrays", .modelFormat, ZipBuilder([.init("a.txt", [1])]).bytes),
        UnsoundFile("no member", .modelFormat, ZipBuilder([]).bytes),
        UnsoundFile("not an array", .numPyMagic, ZipBuilder([.init("a.npy", Array("P5 16 16 255\n".utf8))]).bytes),
        UnsoundFile("version 4", .numPyVersion, member { $0.content[6] = 4 }),
        UnsoundFile(
            "long header", .numPyHeader,
            member { $0.content = [0x93] + Array("NUMPY".utf8) + [2, 0, 0, 0, 0, 0x10] + $0.content }),
        UnsoundFile("header to evaluate", .numPyHeader, ZipBuilder.array(header: "__import__('os')").bytes),
        UnsoundFile(
            "Python objects", .numPyObject,
            ZipBuilder.array(header: "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }").bytes),
        UnsoundFile(
            "structure", .numPyObject,
            ZipBuilder.array(header: "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }").bytes),
        UnsoundFile(
            "32 GiB in 80 bytes", .numPySize,
            ZipBuilder.array(header: "{'descr': '<f8', 'fortran_order': False, 'shape': (65536, 65536), }").bytes),
        UnsoundFile(
            "more than can be counted", .numPyOverflow,
            ZipBuilder.array(header: "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }")
                .bytes),
    ]

    /// Content in which the header of another, empty member lies.
    private static func nested(name: String, in content: [UInt8]) -> [UInt8] {
        Array(ZipBuilder([.init(name, [])]).bytes.prefix(30 + name.utf8.count)) + content
    }

    @Test("Unsound archives are refused", arguments: unsound)
    func refused(file: UnsoundFile) {
        let error = expectFailure(file.code) { try NumPyArchive(bytes: file.bytes, name: "model.npz") }
        let sentence = error?.description ?? ""
        #expect(sentence.hasPrefix("model.npz: ") && sentence.utf8.count < 700, "\(sentence)")
    }

    @Test("A checksum is looked at when the member is read")
    func checksum() throws {
        let checkpoint = try NumPyArchive(bytes: Self.member { $0.checksum = 7 }, name: "model.npz")
        expectFailure(.zipChecksum) { try checkpoint.read("a") }
        expectFailure(.zipChecksum) { try checkpoint.readCounting("a", slice: 0) }
        var deflated = try ByteSource.file(InputFile(Place.fixtures + "/arrays-deflated.npz")).allBytes
        // The checksum of the first member, before it and in the directory.
        let wrong: [UInt8] = [1, 2, 3, 4]
        deflated.replaceSubrange(14..<18, with: wrong)
        let directory = try #require(deflated.firstRange(of: littleEndian([UInt32(0x0201_4B50)]))?.lowerBound)
        deflated.replaceSubrange((directory + 16)..<(directory + 20), with: wrong)
        let damaged = try NumPyArchive(bytes: deflated, name: "model.npz")
        expectFailure(.zipChecksum) { try damaged.read("f2") }
    }

    @Test("More than 65,536 members are refused, before any is read")
    func limit() throws {
        // A Zip64 end that promises 65,537 members.
        var record = littleEndian([0x0606_4B50] as [UInt32])
        record += littleEndian([44] as [UInt64]) + littleEndian([45, 45] as [UInt16])
        record += littleEndian([0, 0] as [UInt32])
        record += littleEndian([65_537, 65_537, 0, 0] as [UInt64])
        var locator = littleEndian([0x0706_4B50, 0] as [UInt32])
        locator += littleEndian([0] as [UInt64]) + littleEndian([1] as [UInt32])
        var archive = ZipBuilder([])
        archive.beforeEnd = record + locator
        (archive.count, archive.directorySize, archive.directoryOffset) = (0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF)
        expectFailure(.zipLimit) { try NumPyArchive(bytes: archive.bytes, name: "model.npz") }
        archive.directoryOffset = 9
        expectFailure(.zip64) { try NumPyArchive(bytes: archive.bytes, name: "model.npz") }
    }

    @Test("An archive that inflates to far more than it is")
    func bomb() {
        // 4 MiB of zeros, as numpy.savez_compressed writes them.
        expectFailure(.zipRatio) { try NumPyArchive(contentsOf: Place.fixtures + "/bomb.npz") }
    }

    @Test(
        "No truncation and no damage to any byte crashes", arguments: ["arrays", "arrays-deflated", "arrays-streamed"])
    func corruption(name: String) throws {
        let sound = try ByteSource.file(InputFile("\(Place.fixtures)/\(name).npz")).allBytes
        for length in 0..<sound.count {
            #expect(throws: CheckpointError.self) { try Self.readAll(Array(sound[..<length])) }
        }
        var generator = SeededGenerator(seed: 11)
        var wrong = 0
        for position in sound.indices {
            var file = sound
            file[position] ^= UInt8.random(in: 1...255, using: &generator)
            do { try Self.readAll(file) } catch is CheckpointError { wrong += 1 }
        }
        // Times, versions and attributes are nobody's business; the content is checked to the last byte.
        #expect(wrong > sound.count * 7 / 10, "\(wrong) of \(sound.count)")
    }

    private static func readAll(_ bytes: [UInt8]) throws {
        let checkpoint = try NumPyArchive(bytes: bytes, name: "x.npz")
        for name in checkpoint.names where checkpoint.scalarType(of: name)?.isFloatingPoint == true {
            #expect(try checkpoint.readCounting(name).tensor.shape == checkpoint.shape(of: name))
        }
    }
}

extension ByteSource {
    /// Everything in it.
    var allBytes: [UInt8] { get throws(CheckpointError) { try bytes(in: 0..<size) } }
}
