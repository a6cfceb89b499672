import Checkpoints
import Operations
import Testing

@Suite("PyTorch files")
struct PyTorchFileTests {
    private static let expected = HostTensor([2, 3, 4], (0..<24).map { Float($0) / 8 - 1 })

    private static func fixture(_ name: String) throws -> PyTorchFile {
        try PyTorchFile(contentsOf: "\(Place.fixtures)/\(name)")
    }

    @Test("A state_dict, alone and wrapped in what training code saves", arguments: ["state.pth", "wrapped.pth"])
    func state(name: String) throws {
        let checkpoint = try Self.fixture(name)
        #expect(
            checkpoint.names == [
                "f32", "f16", "bf16", "f64", "ids", "transposed", "strided", "first", "second", "scalar", "empty",
                "expanded", "parameter",
            ])
        for name in ["f32", "f16", "bf16", "f64", "transposed", "first", "parameter"] {
            #expect(try checkpoint.read(name) == Self.expected, "\(name)")
        }
        #expect(checkpoint.layout(of: "bf16") == TensorLayout(.bfloat16, [2, 3, 4]))
        #expect(try checkpoint.read("strided").values == (0..<24).map { Float($0 * 4) / 32 - 1 })
        #expect(try checkpoint.read("second") == HostTensor([24], (8..<32).map { Float($0) / 8 - 1 }))
        #expect(try checkpoint.read("scalar") == HostTensor([], [2.5]))
        #expect(try checkpoint.read("empty") == HostTensor([0, 3], []))
        #expect(try checkpoint.read("expanded") == HostTensor([2, 3], [1, 1, 1, 2, 2, 2]))
        #expect(checkpoint.layout(of: "ids") == TensorLayout(.int64, [3]))
        expectFailure(.pyTorchScalarType) { try checkpoint.read("ids") }
        expectFailure(.modelMissing) { try checkpoint.read("none") }
        #expect(checkpoint.storedName(of: "f32") == (name == "state.pth" ? nil : "module.f32"))
    }

    @Test(
        "Files that are no state_dict say what they are",
        arguments: [
            ("state-legacy.pth", .pyTorchLegacy), ("torchscript.pt", .pyTorchScript),
            ("whole-model.pth", .pyTorchGlobal),
            ("unknown-wrapper.pth", .pyTorchLayout),
        ] as [(String, CheckpointError.Code)])
    func others(name: String, code: CheckpointError.Code) throws {
        let path = "\(Place.fixtures)/\(name)"
        let error = expectFailure(code) { try PyTorchFile(contentsOf: path) }
        #expect(error?.next != nil)
        expectFailure(code) { try ModelLocation(path).openWeights() }
    }

    @Test("Shards and folders")
    func shards() throws {
        let checkpoint = try ModelLocation(Place.fixtures + "/sharded-pytorch").openWeights()
        #expect(checkpoint.names == ["f16", "f32"])
        #expect(try checkpoint.read("f16") == Self.expected)
        #expect(try checkpoint.read("f32") == Self.expected)
    }

    @Test("Of several sets of weights the average is taken, as timm does")
    func wrappers() throws {
        func dictionary(_ offset: Int32) -> [UInt8] {
            let tensor = PickleBuilder.tensor(count: 4, offset: offset, shape: [1], strides: [1])
            return PickleBuilder.dictionary([("module.w", tensor)])
        }
        let pickle = PickleBuilder.dictionary([
            ("model", dictionary(0)), ("model_ema", dictionary(1)), ("state_dict", dictionary(2)),
        ])
        let checkpoint = try PyTorchFile(bytes: PickleBuilder.archive(pickle).bytes, name: "x.pth")
        #expect(try checkpoint.read("w").values == [2])
        // An empty wrapper is none.
        let empty = PickleBuilder.dictionary([("model", dictionary(3)), ("model_ema", PickleBuilder.dictionary([]))])
        #expect(try PyTorchFile(bytes: PickleBuilder.archive(empty).bytes, name: "x.pth").read("w").values == [4])
    }

    private static func pickle(_ name: String, _ code: CheckpointError.Code, _ pickle: [UInt8]) -> UnsoundFile {
        UnsoundFile(name, code, PickleBuilder.archive(pickle).bytes)
    }

    private static func changed(
        _ name: String, _ code: CheckpointError.Code, _ change: (inout ZipBuilder) -> Void
    ) -> UnsoundFile {
        UnsoundFile(name, code, PickleBuilder.archive().with(change).bytes)
    }

    private static let call = PickleBuilder.text("echo") + [0x85] + PickleBuilder.reduce

    static let unsound: [UnsoundFile] = [
        pickle("os.system", .pyTorchGlobal, PickleBuilder.global("os", "system") + call),
        pickle("builtins.eval", .pyTorchGlobal, PickleBuilder.global("builtins", "eval") + call),
        pickle("torch.load", .pyTorchGlobal, PickleBuilder.global("torch", "load") + call),
        pickle("torch.serialization", .pyTorchGlobal, PickleBuilder.global("torch.serialization", "load") + call),
        pickle("a name with a dot", .pyTorchGlobal, PickleBuilder.global("collections", "OrderedDict.fromkeys")),
        pickle(
            "STACK_GLOBAL", .pyTorchGlobal, PickleBuilder.text("posix") + PickleBuilder.text("system") + [0x93] + call),
        pickle("a storage called", .pyTorchReduce, PickleBuilder.global("torch", "FloatStorage") + call),
        pickle("a string called", .pyTorchReduce, PickleBuilder.text("x") + call),
        pickle(
            "a string built", .pyTorchReduce, PickleBuilder.text("x") + PickleBuilder.text("y") + [UInt8(ascii: "b")]),
        pickle("INST", .pyTorchOpcode, PickleBuilder.mark + Array("ios\nsystem\n".utf8)),
        pickle("OBJ", .pyTorchOpcode, PickleBuilder.mark + PickleBuilder.global("torch", "device") + Array("o".utf8)),
        pickle("EXT1", .pyTorchOpcode, [0x82, 1]), pickle("NEWOBJ_EX", .pyTorchOpcode, [0x92]),
        pickle("PERSID", .pyTorchOpcode, Array("Pstorage\n".utf8)), pickle("DUP", .pyTorchOpcode, [0x4E, 0x32]),
        pickle("BINUNICODE8", .pyTorchOpcode, [0x8D] + [UInt8](repeating: 0, count: 8)),
        pickle("unknown opcode", .pyTorchOpcode, [0xFE]),
        pickle("nothing", .pyTorchStack, []), pickle("two values", .pyTorchStack, [0x4E, 0x4E]),
        pickle("too little on the stack", .pyTorchStack, [0x87]), pickle("no mark", .pyTorchStack, [0x4E, 0x74]),
        pickle("an open mark", .pyTorchStack, PickleBuilder.mark + [0x4E]),
        pickle("values from below a mark", .pyTorchStack, [0x4E] + PickleBuilder.mark + [0x85]),
        pickle("65 marks", .pyTorchStack, [UInt8](repeating: UInt8(ascii: "("), count: 65)),
        pickle("memo never set", .pyTorchStack, Array("h".utf8) + [7]),
        pickle("more than a million opcodes", .pyTorchStack, [UInt8](repeating: 0x4E, count: 1_000_001)),
        pickle("a number of 9 bytes", .pyTorchStack, [0x8A, 9] + [UInt8](repeating: 1, count: 9)),
        pickle("text beyond the end", .pyTorchStack, Array("X".utf8) + [0xFF, 0xFF, 0xFF, 0x7F]),
        pickle("a name without end", .pyTorchStack, Array("c".utf8) + [UInt8](repeating: 0x61, count: 2000)),
        pickle("a key without a value", .pyTorchStack, Array("}".utf8) + PickleBuilder.mark + [0x4E] + Array("u".utf8)),
        pickle("items of a number", .pyTorchStack, Array("K".utf8) + [1, 0x4E, 0x4E] + Array("s".utf8)),
        pickle("appended to a dictionary", .pyTorchStack, Array("}Na".utf8)),
        pickle("protocol 6", .pyTorchStack, [0x80, 6, 0x4E]),
        pickle("a persistent number", .pyTorchStack, Array("NQ".utf8)),
        pickle("a list", .pyTorchLayout, Array("]".utf8)),
        pickle("an empty dictionary", .pyTorchLayout, Array("}".utf8)),
        pickle("no tensors", .pyTorchLayout, PickleBuilder.dictionary([("net", PickleBuilder.dictionary([]))])),
        pickle(
            "a tensor of 65 axes", .pyTorchStack,
            PickleBuilder.dictionary([
                (
                    "w",
                    PickleBuilder.tensor(
                        count: 4, shape: [Int32](repeating: 1, count: 65), strides: [Int32](repeating: 1, count: 65))
                )
            ])),
        UnsoundFile("storage outside", .pyTorchStorage, PickleBuilder.archive(key: "../0").bytes),
        UnsoundFile("storage one up", .pyTorchStorage, PickleBuilder.archive(key: "..").bytes),
        UnsoundFile("storage that is not there", .pyTorchStorage, PickleBuilder.archive(key: "7").bytes),
        UnsoundFile(
            "storage of another type", .pyTorchGlobal, PickleBuilder.archive(type: "ComplexFloatStorage").bytes),
        UnsoundFile("storage too short", .pyTorchSize, PickleBuilder.archive(count: 5).bytes),
        UnsoundFile("storage of a negative length", .pyTorchStack, PickleBuilder.archive(count: -1).bytes),
        UnsoundFile("one element too many", .pyTorchStride, PickleBuilder.archive(shape: [5]).bytes),
        UnsoundFile("offset beyond", .pyTorchStride, PickleBuilder.archive(offset: 1).bytes),
        UnsoundFile("negative offset", .pyTorchStride, PickleBuilder.archive(offset: -1).bytes),
        UnsoundFile("stride beyond", .pyTorchStride, PickleBuilder.archive(strides: [2]).bytes),
        UnsoundFile("negative stride", .pyTorchStride, PickleBuilder.archive(offset: 3, strides: [-1]).bytes),
        UnsoundFile("negative length", .pyTorchStride, PickleBuilder.archive(shape: [-4]).bytes),
        UnsoundFile("other axes than strides", .pyTorchStride, PickleBuilder.archive(strides: []).bytes),
        UnsoundFile(
            "16 GiB of one element", .pyTorchStride,
            PickleBuilder.archive(shape: [65_536, 65_536], strides: [0, 0]).bytes),
        UnsoundFile(
            "lengths that overflow", .pyTorchStride,
            PickleBuilder.archive(shape: [.max, .max, .max, 0], strides: [.max, .max, .max, 1]).bytes),
        changed("compressed storage", .pyTorchZip) { archive in
            // A stored block of deflate.
            let content = PickleBuilder.four
            let block: [UInt8] = [1, 16, 0, 0xEF, 0xFF] + content
            archive.members[2].content = block
            (archive.members[2].method, archive.members[2].size) = (8, 16)
            archive.members[2].checksum = ZipBuilder.checksum(content)
            (archive.members[2].flags, archive.members[2].ownSize) = (8, 0)
        },
        changed("other byte order", .pyTorchEndian) { $0.members[1].content = Array("big".utf8) },
        changed("TorchScript", .pyTorchScript) { $0.members.append(.init("x/code/__torch__.py", [])) },
        changed("constants of TorchScript", .pyTorchScript) { $0.members.append(.init("x/constants.pkl", [])) },
        changed("member twice", .zipDuplicate) { $0.members.append($0.members[2]) },
        changed("two pickles", .pyTorchLayout) { $0.members.append(.init("y/data.pkl", [])) },
        changed("no pickle", .pyTorchLayout) { $0.members.removeFirst() },
        changed("damaged pickle", .zipChecksum) { $0.members[0].checksum = 1 },
        UnsoundFile("tar", .pyTorchLegacy, [UInt8](repeating: 0x61, count: 257) + Array("ustar\0".utf8)),
        UnsoundFile("bare pickle", .pyTorchLegacy, [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20]),
    ]

    @Test("Unsound files are refused", arguments: unsound)
    func refused(file: UnsoundFile) {
        let error = expectFailure(file.code) { try PyTorchFile(bytes: file.bytes, name: "model.pth") }
        let sentence = error?.description ?? ""
        #expect(sentence.hasPrefix("model.pth: ") && sentence.utf8.count < 700, "\(sentence)")
    }

    @Test("A damaged storage is found when it is read")
    func checksum() throws {
        let archive = PickleBuilder.archive().with { $0.members[2].checksum = 1 }
        let checkpoint = try PyTorchFile(bytes: archive.bytes, name: "model.pth")
        expectFailure(.zipChecksum) { try checkpoint.read("w") }
    }

    @Test("A cycle and a deep chain of containers are no trouble")
    func containers() {
        // l = []; l.append(l); then 100,000 lists, each in the next.
        var pickle: [UInt8] = Array("]q".utf8) + [0] + Array("h".utf8) + [0] + Array("a".utf8)
        for _ in 0..<100_000 { pickle += [0x85] }
        expectFailure(.pyTorchLayout) { try PyTorchFile(bytes: PickleBuilder.archive(pickle).bytes, name: "x.pth") }
    }

    @Test("No truncation and no damage to any byte crashes", arguments: ["state.pth", "wrapped.pth"])
    func corruption(name: String) throws {
        let sound = try ByteSource.file(InputFile("\(Place.fixtures)/\(name)")).allBytes
        for length in 0..<sound.count {
            #expect(throws: CheckpointError.self) { try Self.readAll(Array(sound[..<length])) }
        }
        var generator = SeededGenerator(seed: 12)
        for position in sound.indices {
            var file = sound
            file[position] ^= UInt8.random(in: 1...255, using: &generator)
            do { try Self.readAll(file) } catch is CheckpointError {}
        }
    }

    @Test("No damage to a pickle crashes")
    func damagedPickles() throws {
        let tensor = PickleBuilder.tensor(count: 4, shape: [2, 2], strides: [1, 2])
        let sound = PickleBuilder.dictionary([("w", tensor), ("v", tensor)])
        var generator = SeededGenerator(seed: 13)
        var accepted = 0
        for _ in 0..<20_000 {
            var pickle = sound
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let position = Int.random(in: pickle.indices, using: &generator)
                pickle[position] =
                    Bool.random(using: &generator)
                    ? UInt8.random(in: 0...255, using: &generator) : sound.randomElement(using: &generator) ?? 0
            }
            do {
                try Self.readAll(PickleBuilder.archive(pickle).bytes)
                accepted += 1
            } catch is CheckpointError {}
        }
        #expect(accepted > 100)
    }

    private static func readAll(_ bytes: [UInt8]) throws {
        let checkpoint = try PyTorchFile(bytes: bytes, name: "x.pth")
        for name in checkpoint.names where checkpoint.scalarType(of: name)?.isFloatingPoint == true {
            #expect(try checkpoint.readCounting(name).tensor.shape == checkpoint.shape(of: name))
        }
    }
}
