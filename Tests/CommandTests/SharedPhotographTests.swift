import Checkpoints
import Glibc
import Operations
import Testing

/// Pictures and recipes of `preprocessing` beside the package, one of each kind.
enum SharedCrops {
    static let all = [
        ("exif6.jpg", "timm-bicubic-0.9-center-224"), ("cmyk.jpg", "hf-vit-squash-bilinear-224"),
        ("palette.png", "timm-lanczos-1.0-center-160x256"), ("photo.webp", "hf-clip-shortest-224"),
        ("wide.png", "timm-bicubic-0.95-border-224"), ("small.png", "hf-deit-256-crop-224"),
    ]
}

/// Fourteen photographs and a trained DeiT-tiny, which lie beside the package.
@Suite("with a trained model and real photographs", .requiresShared)
struct SharedPhotographTests {
    private static let photos = PackageRoot.shared + "/photos"
    private static let model = PackageRoot.shared + "/models/deit_tiny_patch16_224"

    /// A line of labels.tsv.
    private struct Photograph {
        let path: String
        let accepted: Set<Int>

        init?(_ line: Substring) {
            let fields = line.split(separator: "\t")
            guard fields.count > 1 else { return nil }
            path = "\(photos)/\(fields[0])"
            accepted = Set(
                fields[1].split(separator: ",").flatMap { part in
                    let bounds = part.split(separator: "-").compactMap { Int($0) }
                    guard let first = bounds.first, let last = bounds.last else { return [Int]() }
                    return Array(first...last)
                })
        }
    }

    private static func photographs() throws -> [Photograph] {
        String(decoding: try TemporaryFolder.read(photos + "/labels.tsv"), as: UTF8.self)
            .split(separator: "\n").dropFirst().compactMap { Photograph($0) }
    }

    @Test("the photographs are classified rightly, logits within 2e-3 of timm's", .requiresOpenCL)
    func classify() throws {
        let photographs = try Self.photographs()
        try #require(photographs.count == 14)
        let expected = try NumPyArray(contentsOf: Self.photos + "/logits.npy").tensor()
        let output = try FoveaProcess.results(
            ["classify", "--model", Self.model, "--format", "jsonl", "--top-k", "1000"] + photographs.map(\.path))
        let rows = try output.split(separator: "\n").map { try JSON(parsing: String($0)) }
        try #require(rows.count == 14)
        for (position, (row, photograph)) in zip(rows, photographs).enumerated() {
            let predictions = try #require(row["predictions"]?.array)
            #expect(row["input"]?.string == photograph.path)
            #expect(predictions[0]["index"]?.integer.map(photograph.accepted.contains) == true, "\(photograph.path)")
            #expect(predictions[0]["label"]?.string?.utf8.count == 9)
            for prediction in predictions {
                let index = try #require(prediction["index"]?.integer)
                let logit = try #require(prediction["logit"]?.double)
                #expect(abs(logit - Double(expected.values[position * 1000 + index])) <= 2e-3)
            }
        }
    }

    @Test("logits from timm's crops hold e ≤ 5e-5", .requiresOpenCL)
    func crops() throws {
        let folder = try TemporaryFolder()
        _ = try FoveaProcess.results([
            "run", "--model", Self.model, "--input", Self.photos + "/crops_u8.npy", "--output", folder("y.npy"),
        ])
        let expected = try NumPyArray(contentsOf: Self.photos + "/logits.npy").tensor()
        #expect(try deviation(NumPyArray(contentsOf: folder("y.npy")).tensor(), from: expected) <= 5e-5)
    }

    /// What timm's own model gives from these crops in torch's bfloat16, on a CPU, against float64.
    private static let torchBFloat16Error = 0.097
    /// The same in torch's float16 (2.13.0).
    private static let torchFloat16Error = 0.0121

    @Test(
        "lower precisions name the same class for every crop, within their bounds", .requiresOpenCL,
        arguments: [("int8", 0.25), ("bfloat16", 2 * torchBFloat16Error), ("float16", 2 * torchFloat16Error)])
    func lowPrecision(precision: String, bound: Double) throws {
        let folder = try TemporaryFolder()
        _ = try FoveaProcess.results([
            "run", "--model", Self.model, "--input", Self.photos + "/crops_u8.npy", "--output", folder("y.npy"),
            "--precision", precision,
        ])
        let expected = try NumPyArray(contentsOf: Self.photos + "/logits.npy").tensor()
        let found = try NumPyArray(contentsOf: folder("y.npy")).tensor()
        let error = deviation(found, from: expected)
        #expect(error <= bound && error > 1e-4, "\(precision): e = \(error)")
        for picture in 0..<14 {
            let rows = [found, expected].map { Array($0.values[picture * 1000..<(picture + 1) * 1000]) }
            let best = rows.map { row in row.indices.max { row[$0] < row[$1] } }
            #expect(best[0] == best[1], "\(precision): picture \(picture)")
        }
    }

    @Test("preprocess --picture gives the bytes of timm and transformers", arguments: SharedCrops.all)
    func preprocess(picture: String, recipe: String) throws {
        let folder = try TemporaryFolder()
        let shared = PackageRoot.shared
        _ = try FoveaProcess.results([
            "preprocess", "\(shared)/pictures/\(picture)", "--model", "\(shared)/preprocessing/recipes/\(recipe)",
            "--picture", folder("crop.png"),
        ])
        let stem = picture.prefix { $0 != "." }
        let expected = "\(shared)/preprocessing/\(stem)--\(recipe).png"
        #expect(try Self.pixels(of: folder("crop.png")) == Self.pixels(of: expected))
    }

    /// The pixels of a PNG as they are: a recipe without any step reads them.
    private static func pixels(of png: String) throws -> HostTensor {
        let folder = try TemporaryFolder()
        try folder.write(#"{"model_type": "vit"}"#, to: "config.json")
        try folder.write(
            #"{"do_resize": false, "do_center_crop": false, "do_normalize": false}"#, to: "preprocessor_config.json")
        _ = try FoveaProcess.results(["preprocess", png, "--model", folder.path, "--output", folder("x.npy")])
        return try NumPyArray(contentsOf: folder("x.npy")).tensor()
    }
}
