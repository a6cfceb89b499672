import Checkpoints
import Operations
import Testing

@Suite("fovea attention shows where a model looks")
struct AttentionCommandTests {
    private let star = ExamplePictures.path("star")

    @Test("an array has a map for each layer and head, the weights of the class token")
    func array() throws {
        let folder = try TemporaryFolder()
        let device = ["-q", "--device", "cpu"]
        _ = try FoveaProcess.results(
            ["attention", star, "--layer", "2,1", "--head", "all", "--output", folder("maps.npy")] + device)
        let maps = try NumPyArray(contentsOf: folder("maps.npy")).tensor()
        _ = try FoveaProcess.results(["preprocess", "-q", star, "--output", folder("x.npy")])
        _ = try FoveaProcess.results(
            ["run", "--input", folder("x.npy"), "--kind", "attention:2,1", "--output", folder("y.npy")] + device)
        let weights = try NumPyArray(contentsOf: folder("y.npy")).tensor()
        let (heads, tokens) = (weights.shape[2], weights.shape[4])
        #expect(maps.shape.dimensions.dropLast(2) == [2, heads])
        let patches = maps.shape[2] * maps.shape[3]
        let prefix = tokens - patches
        for map in 0..<2 * heads {
            for patch in 0..<patches {
                let found = maps.values[map * patches + patch]
                #expect(abs(found - weights.values[map * tokens * tokens + prefix + patch]) < 1e-6)
            }
        }
    }

    @Test("a picture is a heat map, several a sheet")
    func picture() throws {
        let folder = try TemporaryFolder()
        _ = try FoveaProcess.results(["attention", "-q", star, "--output", folder("map.png")])
        _ = try FoveaProcess.results([
            "attention", "-q", star, "--head", "all", "--layer", "1,2", "--output", folder("sheet.png"),
        ])
        _ = try FoveaProcess.results([
            "attention", "-q", star, "--rollout", "--query", "3,4", "--output", folder("r.png"),
        ])
        // What a picture of the demo's 64 pixels becomes: 14 and 7 times as large.
        let sizes = try ["map.png", "sheet.png", "r.png"].map { try Self.size(ofPNG: folder($0)) }
        #expect(sizes[0] == [896, 896])
        #expect(sizes[1] == [3 * 448 + 2 * 4, 2 * 448 + 4])
        #expect(sizes[2] == [896, 896])
    }

    @Test(
        "what makes no sense is a usage error, and nothing is written",
        arguments: [
            ["--layer", "99"], ["--head", "99"], ["--query", "99,0"], ["--query", "1"], ["--rollout", "--layer", "1"],
            ["--layer", "pool"], ["--layer", "pool", "--query", "1,1"], ["--layer", "0"],
        ])
    func usage(options: [String]) throws {
        let folder = try TemporaryFolder()
        let outcome = try FoveaProcess.run(["attention", "-q", star, "--output", folder("map.png")] + options)
        #expect(outcome.status == .exited(2), "\(outcome.errorLines)")
        #expect(folder.names.isEmpty)
    }

    @Test("a file that is neither picture nor array, one that is there, and a picture that is none")
    func files() throws {
        let folder = try TemporaryFolder()
        #expect(try FoveaProcess.run(["attention", "-q", star, "--output", folder("map.jpg")]).status == .exited(2))
        #expect(
            try FoveaProcess.run(["attention", "-q", "/nowhere.png", "--output", folder("m.png")]).status == .exited(3))
        _ = try FoveaProcess.results(["attention", "-q", star, "--output", folder("map.png")])
        #expect(try FoveaProcess.run(["attention", "-q", star, "--output", folder("map.png")]).status == .exited(8))
        #expect(folder.names == ["map.png"])
    }

    /// Columns and rows, from the header.
    private static func size(ofPNG path: String) throws -> [Int] {
        let bytes = try TemporaryFolder.read(path)
        #expect(bytes.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        return [16, 20].map { start in bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
    }
}
