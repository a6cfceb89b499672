import Checkpoints
import CheckpointsHDF5
import Operations
import Testing

extension Trait where Self == ConditionTrait {
    /// Runs a test only where there is a libhdf5.
    static var requiresHDF5: Self {
        .enabled("no libhdf5 here: Scripts/install-packages --with-hdf5, or FOVEA_HDF5_LIBRARY") {
            HDF5File.library != nil
        }
    }
}

@Suite("HDF5 files", .requiresHDF5)
struct HDF5FileTests {
    private static let expected = HostTensor([2, 3, 4], (0..<24).map { Float($0) / 8 - 1 })

    private static func path(_ name: String) -> String { "\(Place.fixtures)/hdf5/\(name).h5" }

    @Test("Every encoding of one array reads the same")
    func encodings() throws {
        let checkpoint = try HDF5File(contentsOf: Self.path("encodings"))
        #expect(
            checkpoint.names == [
                "bf16", "chunked", "empty", "group/big", "group/big2", "group/f2", "group/f4", "group/f8", "gzip",
                "scalar",
            ])
        for name in checkpoint.names where name != "empty" && name != "scalar" {
            #expect(try checkpoint.read(name) == Self.expected, "\(name)")
        }
        #expect(try checkpoint.read("scalar") == HostTensor([], [2.5]))
        #expect(try checkpoint.read("empty") == HostTensor([0, 3], []))
        #expect(checkpoint.layout(of: "bf16") == TensorLayout(.bfloat16, [2, 3, 4]))
        #expect(checkpoint.layout(of: "group/f2") == TensorLayout(.float16, [2, 3, 4]))
        #expect(checkpoint.file == Self.path("encodings"))
        expectFailure(.modelMissing) { try checkpoint.read("ids") }
    }

    @Test("A Keras model is read under timm's names, its weights alone or whole", arguments: ["weights", "model"])
    func keras(name: String) throws {
        let location = try ModelLocation("\(Place.fixtures)/keras-\(name).h5")
        expectFailure(.modelFormat) { try location.openWeights() }
        let checkpoint = try location.openWeights(formats: [.hdf5])
        let expected = try NumPyArchive(contentsOf: Place.fixtures + "/keras-as-timm.npz")
        #expect(Set(checkpoint.names) == Set(expected.names))
        for name in expected.names { #expect(try checkpoint.read(name) == expected.read(name), "\(name)") }
        #expect(checkpoint.facts == CheckpointFacts(origin: .keras, activation: .geluTanh))
        let prefix = name == "model" ? "model_weights/" : ""
        #expect(checkpoint.storedName(of: "norm.weight") == prefix + "norm/norm/gamma:0")
    }

    @Test("Unusual but sound files are read", arguments: ["cycle", "user-block"])
    func lenient(name: String) throws {
        #expect(try HDF5File(contentsOf: Self.path(name)).read("w") == Self.expected)
    }

    @Test(
        "What is hostile or foreign is refused",
        arguments: [
            ("external-link", .hdf5External), ("external-storage", .hdf5External), ("soft-link", .hdf5External),
            ("virtual", .hdf5External), ("never-written", .hdf5Size), ("never-written-gzip", .hdf5Size),
            ("bomb", .hdf5Size), ("aliases", .hdf5Size), ("lzf", .hdf5Filter), ("fletcher32", .hdf5Filter),
            ("scaleoffset", .hdf5Filter), ("strings", .hdf5Type), ("fixed-strings", .hdf5Type),
            ("compound", .hdf5Type), ("complex", .hdf5Type), ("bools", .hdf5Type), ("extended", .hdf5Type),
            ("references", .hdf5Type), ("deep", .hdf5Limit), ("many", .hdf5Limit), ("quote", .hdf5Name),
            ("newline", .hdf5Name),
            ("accent", .hdf5Name), ("no-datasets", .modelFormat),
        ] as [(String, CheckpointError.Code)])
    func refused(name: String, code: CheckpointError.Code) {
        let error = expectFailure(code) { try HDF5File(contentsOf: Self.path(name)) }
        let sentence = error?.description ?? ""
        #expect(sentence.hasPrefix(Self.path(name) + ": ") && error?.next != nil && sentence.utf8.count < 900)
    }

    @Test("What is no HDF5 file, or not a file")
    func foreign() throws {
        let folder = try TemporaryFolder()
        expectFailure(.fileNotFound) { try HDF5File(contentsOf: folder("none.h5")) }
        expectFailure(.notRegularFile) { try HDF5File(contentsOf: folder.path) }
        expectFailure(.hdf5Truncated) { try HDF5File(contentsOf: try folder.write("no", to: "x.h5")) }
        // A superblock of an unknown version.
        let signature = [0x89] + Array("HDF\r\n\u{1A}\n".utf8)
        let unknown = signature + [9] + [UInt8](repeating: 0, count: 200)
        expectFailure(.hdf5Truncated) { try HDF5File(contentsOf: try folder.write(unknown, to: "y.h5")) }
    }

    @Test("No truncation crashes, and none is read as if it were whole")
    func truncation() throws {
        let folder = try TemporaryFolder()
        let sound = try ByteSource.file(InputFile(Self.path("encodings"))).allBytes
        for length in stride(from: 0, to: sound.count, by: 97) {
            let path = try folder.write(Array(sound[..<length]), to: "x.h5")
            #expect(throws: CheckpointError.self) { try HDF5File(contentsOf: path) }
        }
    }

    @Test("No damage to any byte of the structure crashes", arguments: ["encodings", "cycle"])
    func corruption(name: String) throws {
        let folder = try TemporaryFolder()
        let sound = try ByteSource.file(InputFile(Self.path(name))).allBytes
        var generator = SeededGenerator(seed: 14)
        var refused = 0
        for _ in 0..<600 {
            var file = sound
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                file[Int.random(in: file.indices, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
            }
            let path = try folder.write(file, to: "x.h5")
            do {
                let checkpoint = try HDF5File(contentsOf: path)
                for name in checkpoint.names { _ = try checkpoint.readCounting(name) }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0)
    }

    @Test("The blog's goldens open whole", .requiresShared, arguments: ["keras-vit-224", "keras-vit-160x256"])
    func goldens(name: String) throws {
        let checkpoint = try ModelLocation("\(Place.shared)/goldens/\(name)/weights.h5").openWeights(formats: [.hdf5])
        #expect(checkpoint.names.count == 32)
        #expect(checkpoint.shape(of: "pos_embed") == [1, 197, 48])
        #expect(checkpoint.shape(of: "blocks.1.attn.qkv.weight") == [144, 48])
        #expect(checkpoint.shape(of: "patch_embed.proj.weight") == [48, 3, 16, 16])
    }
}
