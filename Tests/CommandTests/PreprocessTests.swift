import Checkpoints
import Glibc
import Operations
import Testing

@Suite("fovea preprocess shows what the model would see")
struct PreprocessTests {
    private let star = ExamplePictures.path("star")

    @Test("the array has a row for each picture, NaN where one failed")
    func array() throws {
        let folder = try TemporaryFolder()
        let outcome = try FoveaProcess.run([
            "preprocess", "-q", "/nowhere/a.png", star, "/nowhere/b.png", ExamplePictures.path("dots"), "--output",
            folder("x.npy"),
        ])
        #expect(outcome.status == .exited(1))
        #expect(outcome.errorLines.count == 3)
        let array = try NumPyArray(contentsOf: folder("x.npy"))
        #expect(array.scalarType == .float32)
        #expect(array.shape == [4, 3, 64, 64])
        let values = try array.tensor().values
        for (row, isMissing) in [true, false, true, false].enumerated() {
            let row = values[row * 12288..<(row + 1) * 12288]
            #expect(isMissing ? row.allSatisfy(\.isNaN) : row.allSatisfy { (-1...1).contains($0) })
        }
    }

    @Test("where none could be read there is no array")
    func nothing() throws {
        let folder = try TemporaryFolder()
        let outcome = try FoveaProcess.run(["preprocess", "-q", "/nowhere/a.png", "--output", folder("x.npy")])
        #expect(outcome.status == .exited(3))
        #expect(folder.names.isEmpty)
    }

    @Test("run on the array gives what classify says")
    func agreesWithClassify() throws {
        let folder = try TemporaryFolder()
        _ = try FoveaProcess.results(["preprocess", "-q", star, "--output", folder("x.npy")])
        _ = try FoveaProcess.results([
            "run", "-q", "--device", "cpu", "--input", folder("x.npy"), "--output", folder("y.npy"),
        ])
        let logits = try NumPyArray(contentsOf: folder("y.npy")).tensor().values
        let row = try JSON(
            parsing: FoveaProcess.results([
                "classify", "-q", "--device", "cpu", "--format", "jsonl", "--top-k", String(DemoModel.classCount), star,
            ]))
        for prediction in try #require(row["predictions"]?.array) {
            let index = try #require(prediction["index"]?.integer)
            let logit = try #require(prediction["logit"]?.double)
            #expect(abs(Double(logits[index]) - logit) < 1e-4)
        }
    }

    @Test("--explain tells each step, its size and its source")
    func explain() throws {
        let text = try FoveaProcess.results([
            "preprocess", "-q", star, ExamplePictures.path("spiral"), "--explain",
        ])
        for words in ["decode JPEG", "decode WebP", "→ 64×64", "bicubic", "normalize (byte / 255", "demo: mean, std"] {
            #expect(text.contains(words), "\(text)")
        }
        #expect(text.components(separatedBy: "float32 [3, 64, 64]") == 3)
        let changed = try FoveaProcess.results([
            "preprocess", "-q", star, "--explain", "--resize", "letterbox", "--input-size", "32x48", "--mean", "0,0,0",
        ])
        for words in ["--resize letterbox", "float32 [3, 32, 48]", "--mean; std from demo"] {
            #expect(changed.contains(words), "\(changed)")
        }
    }

    @Test("only the configuration is read, no weights")
    func noWeights() throws {
        let folder = try TemporaryFolder()
        let configuration = #"{"architecture": "vit_tiny_patch16_224", "pretrained_cfg": {"input_size": [3, 48, 80]}}"#
        try folder.write(configuration, to: "config.json")
        let text = try FoveaProcess.results(["preprocess", star, "--model", folder.path, "--explain"])
        #expect(text.contains("float32 [3, 48, 80]"))
    }

    @Test("open_clip's own recipe is used, and named as the source")
    func openCLIP() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            #"{"model_cfg": {"vision_cfg": {"image_size": 48}}, "preprocess_cfg": {"mean": 0.5, "resize_mode": "squash"}}"#,
            to: "open_clip_config.json")
        let text = try FoveaProcess.results(["preprocess", star, "--model", folder.path, "--explain"])
        for words in [
            "→ 48×48, bicubic", "open_clip_config.json: resize_mode squash",
            "open_clip_config.json: preprocess_cfg's mean, std",
            "float32 [3, 48, 48]",
        ] {
            #expect(text.contains(words), "\(text)")
        }
    }

    @Test("without a crop the size is the picture's, and an array takes only one size")
    func sizes() throws {
        let folder = try TemporaryFolder()
        try folder.write(#"{"model_type": "vit"}"#, to: "config.json")
        try folder.write(#"{"do_resize": false, "do_center_crop": false}"#, to: "preprocessor_config.json")
        let pictures = ["star", "hexagon", "star"].map { ExamplePictures.path($0) }
        let outcome = try FoveaProcess.run(
            ["preprocess", "--model", folder.path, "--output", folder("x.npy")] + pictures)
        let array = try NumPyArray(contentsOf: folder("x.npy")).tensor()
        #expect(array.shape[0] == 3)
        let isRefused = outcome.status == .exited(1)
        #expect(isRefused == array.values.contains(where: \.isNaN), "\(outcome.errors)")
    }

    @Test("--picture writes the crop, of which the recipe makes itself again")
    func picture() throws {
        let folder = try TemporaryFolder()
        _ = try FoveaProcess.results(["preprocess", "-q", star, "--picture", folder("crop.png")])
        #expect(folder.names == ["crop.png"])
        for (input, name) in [(star, "direct"), (folder("crop.png"), "crop")] {
            _ = try FoveaProcess.results(["preprocess", "-q", input, "--output", folder("\(name).npy")])
        }
        #expect(try TemporaryFolder.read(folder("direct.npy")) == TemporaryFolder.read(folder("crop.npy")))
    }
}

extension String {
    /// Into how many parts a separator cuts the string.
    fileprivate func components(separatedBy separator: String) -> Int {
        var (count, rest) = (1, self[...])
        while let range = rest.firstRange(of: separator) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }

    @Test("--explain tells options and defaults from what the file states")
    func origins() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            #"{"architecture": "vit_tiny_patch16_224", "pretrained_cfg": {"input_size": [3, 32, 32]}}"#,
            to: "config.json")
        func explained(_ options: [String]) throws -> String {
            try FoveaProcess.results(
                ["preprocess", "-q", "--explain", ExamplePictures.path("star"), "--model", folder.path] + options)
        }
        let own = try explained([])
        #expect(own.contains("; crop_pct, crop_mode, interpolation by timm's default\n"), "\(own)")
        #expect(!own.contains("; with"))
        let said = try explained(["--crop-pct", "0.5", "--interpolation", "lanczos", "--mean", "0,0,0"])
        #expect(
            said.contains("; with --crop-pct 0.5, --interpolation lanczos; crop_mode by timm's default\n"), "\(said)")
        #expect(said.contains("from --mean; std from the defaults of timm"))
    }
}
