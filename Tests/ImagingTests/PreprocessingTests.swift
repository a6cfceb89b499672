import Imaging
import Testing

/// Recipes, byte by byte as timm, transformers, open_clip and the Keras code run them.
@Suite struct PreprocessingTests {
    @Test(arguments: FixtureIndex.all?.preprocessing.recipes ?? [])
    func recipesGiveTheReferencesBytes(_ recipe: FixtureIndex.Recipe) throws {
        let sources = try #require(FixtureIndex.all).preprocessing.sources
        let preprocessing = try recipe.preprocessing()
        for (source, expected) in zip(sources, recipe.expected) {
            let picture = source.picture
            let found = try preprocessing.apply(to: picture)
            expectSame(found, expected.picture)
            #expect(preprocessing.explained(for: picture.size).last?.size == found.size)
            if let size = preprocessing.outputSize { #expect(size == found.size) }
        }
    }

    @Test func stepsExplainThemselves() throws {
        let recipe = try Preprocessing.timm(
            inputSize: PixelSize(side: 224), cropFraction: 0.9, normalization: .half, origin: "config.json")
        let steps = recipe.explained(for: PixelSize(width: 640, height: 480))
        #expect(
            steps.map(\.action) == ["resize 640×480 → 330×248, bicubic", "center crop 330×248 → 224×224 at (53, 12)"])
        #expect(
            steps.map(\.source) == [
                "config.json: crop_mode center, 224×224 / crop_pct 0.9 = 248×248, interpolation bicubic",
                "config.json: input_size",
            ])
        #expect("\(recipe.normalization)" == "(byte / 255 − [0.5, 0.5, 0.5]) / [0.5, 0.5, 0.5]")
    }

    @Test func bordersTakeTheMeanColorWithHalvesToEven() {
        #expect(PixelNormalization.half.meanColor == RGB(gray: 128))
        #expect(PixelNormalization.imageNet.meanColor == RGB(red: 124, green: 116, blue: 104))
    }

    @Test(arguments: [
        // outer, crop, torchvision, transformers: odd margins differ.
        (225, 224, 0, 0), (227, 224, 2, 1), (229, 224, 2, 2), (221, 224, -1, -2), (222, 224, -1, -1), (224, 224, 0, 0),
    ])
    func oddMarginsAreRoundedAsTheLibrariesDo(outer: Int, crop: Int, torchvision: Int, huggingFace: Int) {
        let (outer, crop) = (PixelSize(side: outer), PixelSize(side: crop))
        #expect(CropRounding.torchvision.rectangle(of: crop, in: outer).x == torchvision)
        #expect(CropRounding.huggingFace.rectangle(of: crop, in: outer).x == huggingFace)
    }

    @Test func noSideBecomesZero() {
        let wide = PixelSize(width: 1000, height: 1)
        for rule in [
            ResizeRule.fitting(PixelSize(side: 224)), .letterboxed(PixelSize(side: 224)),
            .shortestSideLimited(224, limit: 300),
        ] {
            let target = rule.targetSize(for: wide)
            #expect(target.height == 1, "\(rule)")
            #expect(target.width > 0 && target.width <= 1000)
        }
    }

    @Test func aTinyPictureAndAThinOneGoThrough() throws {
        for size in [PixelSize(side: 1), PixelSize(width: 1, height: 1000), PixelSize(width: 1000, height: 1)] {
            let picture = Picture(size: size, bytes: [UInt8](repeating: 200, count: size.area * 3))
            for mode in ResizeMode.allCases {
                let recipe = try Preprocessing.mode(mode, inputSize: PixelSize(side: 224), normalization: .half)
                let found = try recipe.apply(to: picture)
                #expect(found.size == PixelSize(side: 224))
                #expect(found[x: 111, y: 111] == RGB(gray: 200), "\(mode.rawValue) of \(size)")
            }
        }
    }

    @Test func normalizationRoundsAsTorchDoes() {
        // float32(byte) / 255, then minus mean, then divided by std, each rounded to float32.
        for normalization in [PixelNormalization.imageNet, .half, .clip, .unit] {
            for channel in 0..<3 {
                let expected = (0..<256).map {
                    (Float($0) / 255 - Float(normalization.mean[channel])) / Float(normalization.deviation[channel])
                }
                #expect(normalization.values(channel: channel) == expected)
            }
        }
    }

    @Test func absurdConfigurationsAreRefused() {
        let size = PixelSize(side: 224)
        for share in [0, -1, .nan, .infinity, 1e-9, 1e9] {
            expectRange { try Preprocessing.timm(inputSize: size, cropFraction: share) }
        }
        for side in [0, -5, 8193, .max] {
            let wrong = PixelSize(width: 224, height: side)
            for mode in ResizeMode.allCases {
                expectRange { try Preprocessing.mode(mode, inputSize: wrong, normalization: .unit) }
            }
            for (size, crop) in [
                (HuggingFaceSize.exactly(wrong), nil), (.shortestEdge(side), nil), (.shortestEdge(224), wrong),
                (.shortestEdgeLimited(224, longestEdge: side), nil),
            ] {
                expectRange {
                    try Preprocessing.huggingFace(
                        size: size, resample: .bicubic, cropSize: crop, normalization: .unit)
                }
            }
        }
        for (mean, deviation) in [
            ([0.5, 0.5], [0.5, 0.5, 0.5]), ([0.5, 0.5, 0.5], [1]), ([0, 0, .nan], [1, 1, 1]), ([0, 0, 0], [1, 0, 1]),
            ([0, 0, 0], [1, .infinity, 1]),
        ] {
            let error = #expect(throws: PreprocessingError.self) {
                try PixelNormalization(mean: mean, deviation: deviation)
            }
            #expect(error?.code == .normalization)
        }
    }

    @Test func aThinPictureThatWouldGrowAbsurdlyIsRefused() throws {
        let picture = Picture(size: PixelSize(width: 1000, height: 1), bytes: [UInt8](repeating: 9, count: 3000))
        let recipe = try Preprocessing.huggingFace(
            size: .shortestEdge(1000), resample: .bicubic, cropSize: nil, normalization: .unit)
        let error = #expect(throws: ImageError.self) { try recipe.apply(to: picture) }
        #expect(error?.code == .tooLarge)
    }

    private func expectRange(
        sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Preprocessing
    ) {
        let error = #expect(throws: PreprocessingError.self, sourceLocation: sourceLocation) { try body() }
        #expect(error?.code == .range, sourceLocation: sourceLocation)
    }

    @Test func tensorsArePlanar() {
        let picture = Picture(size: PixelSize(width: 2, height: 1), bytes: [0, 51, 102, 153, 204, 255])
        #expect(PixelNormalization.unit.tensor(of: picture) == [0, 0.6, 0.2, 0.8, 0.4, 1])
        #expect(PixelNormalization.half.tensor(of: picture)[5] == 1)
    }

    @Test func anotherScaleBecomesTheUsualOne() throws {
        let odd = try PixelNormalization(mean: [127.5, 0, 0], deviation: [127.5, 1, 1], scale: 1)
        #expect(abs(odd.unitMean[0] - 0.5) < 1e-15 && abs(odd.unitDeviation[0] - 0.5) < 1e-15)
        #expect(odd.values(channel: 0)[255] == 1)
    }
}

extension FixtureIndex.Recipe {
    func preprocessing() throws -> Preprocessing {
        let filter =
            try resample.flatMap { Resampling(pillowCode: $0) } ?? #require(interpolation.flatMap(Resampling.init))
        switch kind {
        case "timm":
            return try Preprocessing.timm(
                inputSize: try inputSize, cropFraction: try #require(crop_pct),
                cropMode: try #require(mode.flatMap(TIMMCropMode.init)), interpolation: filter,
                normalization: .imageNet)
        case "hf":
            return try Preprocessing.huggingFace(
                size: try huggingFaceSize, resample: filter,
                cropSize: try crop.map { try PixelSize(width: #require($0["width"]), height: #require($0["height"])) },
                normalization: .unit)
        default:
            return try Preprocessing.mode(
                try #require(mode.flatMap(ResizeMode.init)), inputSize: try inputSize, interpolation: filter,
                normalization: .half)
        }
    }

    private var inputSize: PixelSize {
        get throws { PixelSize(width: try #require(width), height: try #require(height)) }
    }

    private var huggingFaceSize: HuggingFaceSize {
        get throws {
            let size = try #require(size)
            if let shortest = size["shortest_edge"] {
                return size["longest_edge"].map { .shortestEdgeLimited(shortest, longestEdge: $0) }
                    ?? .shortestEdge(shortest)
            }
            return .exactly(PixelSize(width: try #require(size["width"]), height: try #require(size["height"])))
        }
    }
}
