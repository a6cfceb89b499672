import Checkpoints
import FoundationEssentials
import Imaging
import Testing
import VisionModels

@testable import Fovea

@Suite("Recipes are read from a model's own configuration as its library means them")
struct RecipeTests {
    /// What is done to pictures, without the words that explain it.
    private func geometry(_ preprocessing: Preprocessing) -> [Preprocessing.Geometry] {
        preprocessing.steps.map(\.geometry)
    }

    private func recipe(
        _ files: [String: String], _ options: PreprocessingOptions = .init()
    ) throws -> Preprocessing {
        let folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(text, to: name) }
        return try ModelFiles(folder.path).preprocessing(options)
    }

    private let square = PixelSize(side: 224)

    @Test("timm: nested, flat and default fields")
    func timm() throws {
        let nested = try recipe([
            "config.json": """
            {"architecture": "vit_tiny_patch16_224", "pretrained_cfg": {"input_size": [3, 160, 256],
             "interpolation": "bilinear", "crop_pct": 0.95, "crop_mode": "squash", "mean": [0.1, 0.2, 0.3],
             "std": [0.4, 0.5, 0.6], "test_input_size": [3, 384, 384], "test_crop_pct": 1.0}}
            """
        ])
        let normalization = try PixelNormalization(mean: [0.1, 0.2, 0.3], deviation: [0.4, 0.5, 0.6])
        let expected = try Preprocessing.timm(
            inputSize: PixelSize(width: 256, height: 160), cropFraction: 0.95, cropMode: .squash,
            interpolation: .bilinear, normalization: normalization)
        #expect(geometry(nested) == geometry(expected) && nested.normalization == normalization)
        let flat = try recipe([
            "config.json": #"{"architecture": "vit_tiny_patch16_224", "input_size": [3, 96, 96], "crop_pct": 1.0}"#
        ])
        #expect(flat.outputSize == PixelSize(side: 96) && flat.normalization == .imageNet)
        let bare = try recipe(["config.json": #"{"architecture": "vit_tiny_patch16_224"}"#])
        #expect(geometry(bare) == geometry(try .timm(inputSize: square)))
    }

    @Test("transformers: sizes old and new, crops, factors and switches")
    func huggingFace() throws {
        func read(_ text: String) throws -> Preprocessing { try recipe(["preprocessor_config.json": text]) }
        let vit = try read(#"{"image_processor_type": "ViTImageProcessor", "size": 384}"#)
        #expect(geometry(vit) == [.resize(.exactly(PixelSize(side: 384)), .bilinear)])
        let clip = try read(#"{"feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "crop_size": 224}"#)
        #expect(
            geometry(clip) == [
                .resize(.shortestSide(224), .bicubic), .centerCrop(square, .huggingFace, fill: .black),
            ])
        #expect(clip.normalization == .clip)
        let raw = try read(#"{"do_resize": false, "do_rescale": false, "do_normalize": false}"#)
        #expect(raw.steps.isEmpty && raw.outputSize == nil && raw.normalization.scale == 1)
        let factor = try read(
            #"{"rescale_factor": 0.00784313725490196, "image_mean": [1, 1, 1], "image_std": [1, 1, 1]}"#)
        #expect(abs(factor.normalization.unitMean[0] - 0.5) < 1e-12)
        #expect(abs(factor.normalization.unitDeviation[0] - 0.5) < 1e-12)
    }

    @Test("transformers without a preprocessor file: the defaults of the type, at the model's size")
    func typeDefaults() throws {
        let vit = try recipe(["config.json": #"{"model_type": "vit", "image_size": 384}"#])
        #expect(geometry(vit) == [.resize(.exactly(PixelSize(side: 384)), .bilinear)])
        #expect(vit.normalization == .half)
    }

    @Test("open_clip: its modes, its size, one number for three, and what it leaves out")
    func openCLIP() throws {
        func read(_ preprocessing: String, size: String = "224", _ options: PreprocessingOptions = .init()) throws
            -> Preprocessing
        {
            let text = #"{"model_cfg": {"vision_cfg": {"image_size": \#(size)}}, "preprocess_cfg": \#(preprocessing)}"#
            return try recipe(["open_clip_config.json": text], options)
        }
        let bare = try recipe(["open_clip_config.json": #"{"model_cfg": {"embed_dim": 512}}"#])
        #expect(
            geometry(bare) == [
                .resize(.shortestSide(224), .bicubic), .centerCrop(square, .torchvision, fill: .black),
            ])
        #expect(bare.normalization == .clip)
        let siglip = try read(
            #"{"size": [384, 384], "mean": 0.5, "std": [0.5, 0.5, 0.5], "interpolation": "bicubic", "resize_mode": "squash"}"#
        )
        // The tower's size stands, as it does in open_clip.
        #expect(geometry(siglip) == [.resize(.exactly(square), .bicubic)] && siglip.normalization == .half)
        let rectangle = PixelSize(width: 160, height: 96)
        let longest = try read(
            #"{"resize_mode": "longest", "fill_color": 7, "interpolation": "bilinear"}"#, size: "[96, 160]")
        #expect(
            geometry(longest) == [
                .resize(.fitting(rectangle), .bilinear), .centerCrop(rectangle, .torchvision, fill: RGB(gray: 7)),
            ])
        #expect(geometry(try read("{}", size: "[96, 160]")).first == .resize(.covering(rectangle), .bicubic))
        #expect(longest.steps[0].source.contains("open_clip_config.json: resize_mode longest"))
        var options = PreprocessingOptions()
        (options.mode, options.inputSize) = (.shortest, InputSize(height: 32, width: 32))
        let changed = try read(#"{"resize_mode": "squash"}"#, options)
        #expect(geometry(changed).first == .resize(.shortestSide(32), .bicubic))
    }

    @Test(
        "an open_clip configuration that makes no sense is refused by name",
        arguments: [
            (#"{"resize_mode": "widest"}"#, "CFG_TYPE"), (#"{"interpolation": "lanczos"}"#, "CFG_TYPE"),
            (#"{"std": 0}"#, "CFG_NORM"), (#"{"mean": [1, 1]}"#, "CFG_NORM"), (#"{"size": [0, 4]}"#, "CFG_SHAPE"),
            (#"{"resize_mode": "longest", "fill_color": 256}"#, "CFG_LIMIT"),
        ])
    func refusedOpenCLIP(preprocessing: String, code: String) throws {
        let text = #"{"model_cfg": {}, "preprocess_cfg": \#(preprocessing)}"#
        let error = #expect(throws: FoveaError.self) { try recipe(["open_clip_config.json": text]) }
        #expect(error?.code == code && error?.category == .model)
    }

    @Test("RADIO has no processor of its own in transformers: nothing is guessed")
    func radio() throws {
        let error = #expect(throws: FoveaError.self) { try recipe(["config.json": #"{"model_type": "radio"}"#]) }
        #expect(error?.code == "CFG_MISSING")
    }

    /// A folder with the weights of a golden model and files of our own.
    private func folder(weightsOf golden: String, _ files: [String: String] = [:], with names: [String] = []) throws
        -> TemporaryFolder
    {
        let folder = try TemporaryFolder()
        for name in ["model.safetensors"] + names {
            try FileManager.default.copyItem(
                atPath: "\(PackageRoot.path)/Tests/Fixtures/Goldens/\(golden)/\(name)", toPath: "\(folder.path)/\(name)"
            )
        }
        for (name, text) in files { try folder.write(text, to: name) }
        return folder
    }

    @Test("DINOv2 runs at the size that its processor makes, as in transformers; ViT at its own")
    func processorSize() throws {
        let processor = #"{"size": {"shortest_edge": 96}, "crop_size": 84, "do_center_crop": true, "resample": 3}"#
        for (golden, side) in [("hf-dinov2", 84), ("hf-vit", nil)] {
            let folder = try folder(
                weightsOf: golden, ["preprocessor_config.json": processor], with: ["config.json"])
            defer { withExtendedLifetime(folder) {} }
            let files = try ModelFiles(folder.path)
            let (model, recipe) = try files.open(preparing: PreprocessingOptions())
            let own = try files.open().configuration
            #expect(recipe.outputSize == PixelSize(side: 84))
            #expect(model.configuration.imageHeight == side ?? own.imageHeight)
            #expect(own.imageHeight != 84)
            var options = PreprocessingOptions()
            options.inputSize = InputSize(height: own.imageHeight, width: own.imageWidth)
            let asked = try files.open(preparing: options)
            #expect(asked.model.configuration == own && asked.preprocessing.outputSize?.height == own.imageHeight)
        }
    }

    @Test("weights without a configuration: nothing of the recipe is guessed, and all is asked for at once")
    func bareWeights() throws {
        let folder = try folder(weightsOf: "timm-vit")
        defer { withExtendedLifetime(folder) {} }
        let files = try ModelFiles(folder.path + "/model.safetensors")
        var options = PreprocessingOptions()
        let first = #expect(throws: FoveaError.self) { try files.open(preparing: options) }
        for option in ["--architecture", "--resize, --input-size, --mean and --std"] {
            #expect(first?.message.contains(option) == true, "\(first?.message ?? "")")
        }
        var overrides = ModelOverrides()
        (overrides.architecture, overrides.heads) = ("vit_tiny_patch16_224", 3)
        (options.mode, options.inputSize) = (.shortest, InputSize(height: 64, width: 64))
        let second = #expect(throws: FoveaError.self) { try files.open(overrides, preparing: options) }
        #expect(second?.code == "CFG_MISSING" && second?.message.hasSuffix("give --mean and --std") == true)
        (options.mean, options.deviation) = ([0, 0, 0], [1, 1, 1])
        #expect(try files.open(overrides, preparing: options).preprocessing.normalization.mean == [0, 0, 0])
    }

    @Test("one limit holds for pictures and for models")
    func limit() { #expect(InputSize.maximumSide == Preprocessing.maximumSide) }

    @Test("what is no model is said to be none, before any recipe is asked for")
    func noWeights() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write(#"{"model_type": "vit"}"#, to: "config.json")
        for (path, code) in [("", "MODEL_FORMAT"), ("/config.json", "ST_INDEX"), ("/empty.bin", "ST_SHORT")] {
            if path == "/empty.bin" { try folder.write("", to: "empty.bin") }
            let error = #expect(throws: FoveaError.self) {
                try ModelFiles(folder.path + path).open(preparing: PreprocessingOptions())
            }
            #expect(error?.code == code, "\(error?.message ?? "")")
        }
    }

    @Test("AugReg's .npz has its authors' recipe, big_vision's none")
    func augReg() throws {
        let fixtures = PackageRoot.path + "/Tests/Fixtures/Checkpoints"
        let files = try ModelFiles(fixtures + "/jax-augreg.npz")
        let (model, recipe) = try files.open(preparing: PreprocessingOptions())
        let size = PixelSize(width: model.configuration.imageWidth, height: model.configuration.imageHeight)
        #expect(geometry(recipe).first == .resize(.exactly(size), .bilinear) && recipe.outputSize == size)
        #expect(recipe.normalization == .half)
        #expect(try files.preprocessing() == recipe)
        let error = #expect(throws: FoveaError.self) { try ModelFiles(fixtures + "/jax-siglip.npz").preprocessing() }
        #expect(error?.code == "CFG_MISSING")
    }

    @Test("a timm model that only the user names has ImageNet's classes, if there are as many")
    func namedByUser() throws {
        let checkpoint = try ModelFiles.random("vit_tiny_patch16_224", depth: 1).open().checkpoint
        let bare = ModelFiles(name: "bare", configuration: nil, preprocessor: nil, isDemo: false) {
            () throws(CheckpointError) in checkpoint
        }
        var overrides = ModelOverrides()
        overrides.architecture = "vit_tiny_patch16_224"
        #expect(try bare.open(overrides).labels()?[0]?.name == "n01440764")
    }

    @Test("the user's word stands in place of the file's")
    func overrides() throws {
        let config = ["config.json": #"{"architecture": "vit_tiny_patch16_224", "crop_pct": 0.9}"#]
        var options = PreprocessingOptions()
        options.interpolation = .lanczos
        options.mean = [0, 0, 0]
        options.inputSize = InputSize(height: 32, width: 64)
        options.cropFraction = 1
        let changed = try recipe(config, options)
        #expect(changed.outputSize == PixelSize(width: 64, height: 32))
        #expect(changed.normalization.mean == [0, 0, 0])
        #expect(changed.normalization.deviation == PixelNormalization.imageNet.deviation)
        options = PreprocessingOptions()
        options.mode = .letterbox
        let letterbox = try recipe(config, options)
        #expect(geometry(letterbox).last == .centerCrop(square, .torchvision, fill: RGB(gray: 128)))
    }

    @Test(
        "a share that asks for an absurd size is refused, whoever's recipe it is said to",
        arguments: [
            ("config.json", #"{"architecture": "vit_tiny_patch16_224"}"#),
            ("open_clip_config.json", #"{"model_cfg": {}}"#),
            ("preprocessor_config.json", #"{"image_processor_type": "ViTImageProcessor"}"#),
            ("preprocessor_config.json", #"{"image_processor_type": "CLIPImageProcessor"}"#),
            (
                "preprocessor_config.json",
                #"{"size": {"shortest_edge": 224, "longest_edge": 448}, "do_center_crop": true, "crop_size": 224}"#
            ),
        ])
    func absurdShare(file: String, text: String) throws {
        var options = PreprocessingOptions()
        for fraction in [1e-300, 0.01] {
            options.cropFraction = fraction
            let error = #expect(throws: FoveaError.self) { try recipe([file: text], options) }
            #expect(error?.code == "CFG_LIMIT" && error?.category == .model)
        }
        options.cropFraction = 0.5
        guard case .resize(let rule, _) = geometry(try recipe([file: text], options)).first else {
            Issue.record("pictures are not resized")
            return
        }
        #expect(rule.targetSize(for: PixelSize(side: 1000)) == PixelSize(side: 448))
    }

    @Test(
        "a configuration that makes no sense is refused by name",
        arguments: [
            (#"{"architecture": "vit_tiny_patch16_224", "crop_pct": 0}"#, "CFG_NORM"),
            (#"{"architecture": "vit_tiny_patch16_224", "std": [0, 1, 1]}"#, "CFG_NORM"),
            (#"{"architecture": "vit_tiny_patch16_224", "mean": [1, 1]}"#, "CFG_NORM"),
            (#"{"architecture": "vit_tiny_patch16_224", "interpolation": "sinc"}"#, "CFG_TYPE"),
            (#"{"architecture": "vit_tiny_patch16_224", "input_size": [3, 0, 224]}"#, "CFG_SHAPE"),
            (#"{"nothing": 1}"#, "CFG_MISSING"),
        ])
    func refused(text: String, code: String) throws {
        let error = #expect(throws: FoveaError.self) { try recipe(["config.json": text]) }
        #expect(error?.code == code && error?.category == .model)
    }

    /// The options of a recipe that is no configuration but a command line.
    private func options(_ path: String) throws -> PreprocessingOptions {
        var options = PreprocessingOptions()
        guard let flags = FileManager.default.contents(atPath: path + "/flags.txt") else { return options }
        let words = String(decoding: flags, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
        func value(_ flag: String) throws -> String {
            words[try #require(words.firstIndex(of: flag)) + 1]
        }
        options.mode = ResizeMode(rawValue: try value("--resize"))
        options.interpolation = Resampling(rawValue: try value("--interpolation"))
        let sides = try value("--input-size").split(separator: "x").compactMap { Int($0) }
        options.inputSize = InputSize(height: sides[0], width: sides[1])
        options.mean = try value("--mean").split(separator: ",").compactMap { Double($0) }
        options.deviation = try value("--std").split(separator: ",").compactMap { Double($0) }
        return options
    }

    @Test("every byte of the shared pictures, through the configuration files", .requiresShared("preprocessing"))
    func sharedPictures() throws {
        struct Row: Decodable {
            let picture: String
            let folder: String
            let recipe: String
            let expected: String
        }
        let folder = PackageRoot.shared + "/preprocessing"
        let rows = try JSONDecoder().decode([Row].self, from: Data(contentsOf: URL(filePath: folder + "/index.json")))
        var checked = 0
        for row in rows {
            let path = "\(folder)/recipes/\(row.recipe)"
            let reader = PictureReader(try ModelFiles(path).preprocessing(options(path)))
            let found = try reader.picture(at: "\(PackageRoot.shared)/\(row.folder)/\(row.picture)")
            let expected = try PictureFile.decode(path: "\(folder)/\(row.expected)").picture
            #expect(found == expected, "\(row.picture) by \(row.recipe)")
            checked += 1
        }
        #expect(checked == 132)
    }
}
